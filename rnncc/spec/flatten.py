"""Flattening: products, concats and reductions inside expressions become definitions with names of their own."""

from dataclasses import dataclass

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import COLUMNS, Axes, broadcast, units, whole_axes
from rnncc.spec.cell_spec import Definition, Kind
from rnncc.spec.mask import SEQUENCE, rate_of
from rnncc.spec.names import fresh, implied
from rnncc.spec.positions import Expansion
from rnncc.spec.record import Bound, Declared, Record
from rnncc.spec.structure import Diagonal, HardSigmoid, Join, Laid, Product, Reduction, Structure, Transposed, label


@dataclass(frozen=True)
class Flattened:
    """Definitions in order, and the names of the results."""

    definitions: tuple[Definition, ...]
    next: dict[str, str]
    output: str


def flatten(record: Record) -> Flattened:
    """`record`, which has no faults, as definitions whose operands come first."""
    return _Flattening(record).run()


class _Flattening:
    def __init__(self, record: Record) -> None:
        self.record = record
        self.definitions: dict[str, Definition] = {}
        self.names: dict[sp.Expr, sp.Symbol] = {}
        self.expand = Expansion(record)
        self.taken = {*record.entries, *record.sizes, *record.positions, *implied(record.states, ("input", "hidden", *record.sizes))}
        self.place = ""

    def run(self) -> Flattened:
        for entry in self.record.entries.values():
            self.place = entry.span.place
            self._entry(entry)
        following = {name: self._result(self.expand(expr), f"{name}_new") for name, (expr, _) in self.record.next.items()}
        assert self.record.output is not None
        output = self._result(self.expand(self.record.output[0]), "y")
        return Flattened(tuple(self.definitions.values()), {s: following[s] for s in self.record.states}, output)

    def _entry(self, entry: Declared | Bound) -> None:
        match entry:
            case Declared(kind="mask"):
                mask = self.record.masks[entry.name]
                self._add(entry.name, "mask", (*SEQUENCE[mask.per], *entry.units), expr=rate_of(mask))
            case Declared(kind="input" | "state"):
                self._add(entry.name, entry.kind, ("T", "N", *entry.units))
            case Declared(kind="memory" | "exists"):
                self._add(entry.name, entry.kind, ("N", *entry.units))
            case Declared(kind="index"):
                self._add(entry.name, "index", ("T", "N"))
            case Declared(kind="batch_mean"):
                self._batch_mean(entry)
            case Declared():
                self._add(entry.name, entry.kind, entry.units)
            case Bound():
                self._define(entry.name, self.expand(entry.expr), named=True)

    def _batch_mean(self, entry: Declared) -> None:
        value = self._operand(self.expand(self.record.batch_means[entry.name]), f"{entry.name}_in").name
        total = self._fresh(f"{entry.name}_sum")
        self._add(total, "batch_sum", entry.units, (value,))
        self._add(entry.name, "batch_mean", entry.units, (total,))

    def _result(self, expr: sp.Expr, name: str) -> str:
        flat = self._flat(expr, name)
        return str(flat.name) if flat.is_Symbol else self._define(self._fresh(name), flat, named=False)

    def _define(self, name: str, expr: sp.Expr, *, named: bool) -> str:
        """`expr` under `name`, its parts first."""
        if isinstance(expr, Structure) and not isinstance(expr, HardSigmoid):
            self._structure(name, expr, named=named)
        else:
            flat = self._flat(expr, name)
            self._add(name, "expression", self._axes(flat), expr=flat, named=named)
        self.names[expr] = symbol(name)
        return name

    def _flat(self, expr: sp.Expr, owner: str) -> sp.Expr:
        """`expr` with a symbol in the place of every structure."""
        if isinstance(expr, HardSigmoid):
            return HardSigmoid.expansion(self._operand(expr.args[0], f"{owner}_in"))
        if isinstance(expr, Structure):
            return self._named(expr, owner)
        if not expr.has(Structure):
            return expr
        return expr.func(*(self._flat(a, owner) for a in expr.args), **_unevaluated(expr))

    def _named(self, expr: sp.Expr, owner: str) -> sp.Symbol:
        if expr not in self.names:
            reduces = isinstance(expr, Reduction | Laid)
            inner = expr.func(self._flat(expr.args[0], f"{owner}_{expr.word}_in"), *expr.args[1:]) if reduces else expr
            self._define(self._fresh(_helper(inner, owner)), expr, named=False)
        return self.names[expr]

    def _operand(self, expr: sp.Expr, name: str) -> sp.Symbol:
        """`expr` as a value of its own."""
        if expr.is_Symbol:
            return expr
        if expr not in self.names:
            flat = self._flat(expr, name)
            if flat.is_Symbol:
                return flat
            self._define(self._fresh(label(flat) or name), expr, named=False)
        return self.names[expr]

    def _structure(self, name: str, expr: sp.Expr, *, named: bool) -> None:
        match expr:
            case Product():
                weight = self._operand(expr.args[0], f"{name}_weight").name
                operand = self._operand(expr.args[1], f"{weight}_in").name
                axes = self._multiplied(weight, operand)
                kind: Kind = "gather" if operand in self.record.indices else "product"
                self._add(name, kind, axes, (weight, operand), named=named)
            case Transposed():
                operand = self._operand(expr.args[0], f"{name}_in").name
                self._add(name, "transpose", self.definitions[operand].axes[::-1], (operand,), named=named)
            case Diagonal():
                blocks = expr.args[0].name
                self._add(name, "diagonal", whole_axes(self.definitions[blocks].axes), (blocks,), named=named)
            case Join():
                parts = self._parts(expr, name)
                units = "+".join(self.definitions[p].axes[-1] for p in parts)
                self._add(name, "concat", (*self._sequence(*parts), units), parts, named=named)
            case Reduction():
                operand = self._operand(expr.args[0], f"{name}_in").name
                self._add(name, expr.word, self._left(operand, expr.over), (operand,), named=named)
            case Laid():
                operand = self._operand(expr.args[0], f"{name}_in").name
                *sequence, axis = self.definitions[operand].axes
                laid = axis + COLUMNS if expr.word == "cols" else axis.removesuffix(COLUMNS)
                self._add(name, "relabel", (*sequence, laid), (operand,), named=named)

    def _parts(self, expr: sp.Expr, name: str) -> tuple[str, ...]:
        """Operands of a concat; a concat inside it gives its parts."""
        found: list[str] = []
        for part in expr.args:
            operand = self._operand(part, f"{name}_in").name
            inner = self.definitions[operand]
            found += inner.args if inner.kind == "concat" else (operand,)
        return tuple(found)

    def _axes(self, expr: sp.Expr) -> Axes:
        names = [s.name for s in expr.free_symbols]
        return broadcast(self.definitions[n].axes for n in sorted(names))

    def _multiplied(self, weight: str, operand: str) -> Axes:
        """What a product is of: its weight's rows, of a matrix along the columns."""
        *lines, _ = units(self.definitions[operand].axes) or ("",)
        rows = self.definitions[weight].axes[0]
        return (*self._sequence(operand), *lines, rows + COLUMNS if lines else rows)

    def _left(self, operand: str, over: str) -> Axes:
        """What a reduction leaves of the axes of its operand."""
        axes = self.definitions[operand].axes
        gone = {"rows": units(axes)[:1], "cols": units(axes)[1:]}.get(over, units(axes))
        return tuple(a for a in axes if a not in gone)

    def _sequence(self, *names: str) -> Axes:
        return tuple(a for a in ("T", "N") if any(a in self.definitions[n].axes for n in names))

    def _fresh(self, base: str) -> str:
        name = fresh(base, self.taken)
        self.taken.add(name)
        return name

    def _add(self, name: str, kind: Kind, axes: Axes, args: tuple[str, ...] = (), *, expr: sp.Expr = None, named: bool = False) -> None:
        self.taken.add(name)
        self.definitions[name] = Definition(name, kind, axes, args, expr, named, self.place)


def _unevaluated(expr: sp.Expr) -> dict[str, bool]:
    return {"evaluate": False} if isinstance(expr, sp.Piecewise) else {}


def _helper(expr: sp.Expr, owner: str) -> str:
    match expr:
        case Product():
            weight, operand = expr.args
            left = label(weight) or owner
            return f"{left}_{label(operand)}" if label(operand) else f"{left}_product"
        case Transposed():
            return label(expr) or f"{owner}_T"
        case Diagonal():
            return f"{label(expr)}_whole"
        case Join():
            return label(expr) or f"{owner}_concat"
        case Reduction() | Laid():
            inner = label(expr.args[0])
            return f"{expr.word}_{inner}" if inner else f"{owner}_{expr.word}"
        case _:
            raise TypeError(f"no structure: {expr!r}")
