"""Freezing a cell into the IR.

*Assumes* a `CellSpec`: every fault of the user is reported already.
*Guarantees* a verified `Program`: one function application a node, arguments of functions are names or numbers, `Piecewise` whole and
alone in its node, numbers and powers in one form, a product over a concat as products over its parts; names of the spec kept;
the same program from run to run.
*Does not do* common subexpressions: that is a pass.
"""

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import (
    COLUMNS,
    Axes,
    BlockDiagonal,
    Carry,
    Concat,
    Contract,
    Gather,
    Iota,
    Pointwise,
    Program,
    Reduce,
    Relabel,
    Transpose,
    size_names,
    units,
    verify,
)
from rnncc.lower.normalise import normalise
from rnncc.lower.pointwise import split
from rnncc.lower.scope import Scope
from rnncc.spec.cell_spec import CellSpec, Definition


def lower(spec: CellSpec) -> Program:
    """`spec` as a program."""
    return verify(_Lowering(spec).run())


class _Lowering:
    def __init__(self, spec: CellSpec) -> None:
        self.spec = spec
        self.scope = Scope(spec)
        self._read_whole = {o for d in spec.definitions if d.kind != "product" for o in d.operands} | {spec.output, *spec.next.values()}
        self._read_whole |= {d.args[0] for d in spec.of_kind("product") if self._parted(d)}

    def run(self) -> Program:
        for d in self.spec.definitions:
            self._definition(d)
        carries = tuple(self._carry(s.name) for s in self.spec.states)
        outputs = (("output", self._whole(self.spec.output, self._output_type(), "y")), *((c.final, c.final) for c in carries))
        return Program(self.spec.name, self.scope.inputs, carries, tuple(self.scope.nodes), outputs)

    def _definition(self, d: Definition) -> None:
        self.scope.place = d.place
        match d.kind:
            case "input" | "index" | "memory" | "exists" | "state" | "parameter" | "batch_mean" | "constant" | "mask":
                return
            case "count" | "unit" | "row" | "column":
                self._counted(d)
            case "transpose" | "relabel" | "diagonal":
                self._rearranged(d)
            case "expression":
                split(self.scope, d.name, normalise(d.expr))
            case "product" | "gather":
                self._product(d)
            case "concat":
                self._concat(d)
            case "mean" | "sum" | "max" | "batch_sum":
                self._reduction(d)

    def _counted(self, d: Definition) -> None:
        if d.kind == "count":
            self.scope.count(d.name.removeprefix("n_"))
        else:
            self.scope.add(Iota(d.name, d.axes, int(d.kind == "column")))

    def _reduction(self, d: Definition) -> None:
        (operand,) = d.args
        if d.kind != "mean":
            self.scope.add(Reduce(d.name, d.axes, operand, "max" if d.kind == "max" else "sum"))
            return
        total = self.scope.add(Reduce(self.scope.fresh(f"sum_{operand}"), d.axes, operand, "sum"))
        (axis,) = (a for a in self.scope.types[operand] if a not in d.axes)
        count = sp.Add(*(symbol(self.scope.count(size)) for size in size_names(axis)))
        self.scope.add(Pointwise(d.name, d.axes, symbol(total) / count))

    def _concat(self, d: Definition) -> None:
        if d.named or d.name in self._read_whole:
            parts = tuple(self._typed(p, (*d.axes[:-1], self.scope.types[p][-1]), p) for p in d.args)
            self.scope.add(Concat(d.name, d.axes, parts))

    def _rearranged(self, d: Definition) -> None:
        """A transposed matrix that a product reads needs no node: its index says so."""
        if d.kind != "transpose":
            made = Relabel if d.kind == "relabel" else BlockDiagonal
            self.scope.add(made(d.name, d.axes, d.args[0]))
        elif d.name in self._read_whole:
            self.scope.add(Transpose(d.name, d.axes, d.args[0]))

    def _parted(self, product: Definition) -> bool:
        """Whether the columns of the weight meet the parts of a concat one by one."""
        parts = self.spec.definition[product.args[1]]
        return parts.kind == "concat" and not any("+" in self.spec.definition[p].axes[-1] for p in parts.args)

    def _product(self, d: Definition) -> None:
        weight, operand = d.args
        if d.kind == "gather":
            self.scope.add(Gather(d.name, d.axes, weight, operand))
            return
        parts = self.spec.definition[operand]
        if not self._parted(d):
            self._contract(d.name, weight, operand)
            return
        terms = [self._part(weight, k, part) for k, part in enumerate(parts.args)]
        self.scope.add(Pointwise(d.name, d.axes, sp.Add(*map(symbol, terms))))

    def _part(self, weight: str, k: int, part: str) -> str:
        """The product of the columns of `weight` that belong to part number `k` of a concat."""
        columns = self.scope.slice(weight, k, part)
        return self._contract(self.scope.fresh(f"{columns}_{part}"), columns, part)

    def _contract(self, name: str, weight: str, operand: str) -> str:
        rows, _ = self.scope.types[weight]
        *before, _ = self.scope.types[operand]
        lines = [a for a in before if a not in ("T", "N")]
        over = "".join("k" if a in lines else a for a in before)
        matrix, letters = self.spec.definition.get(weight), "ij"
        axes = (*before, rows + COLUMNS if lines else rows)
        if matrix is not None and matrix.kind == "transpose":
            (weight,), letters = matrix.args, "ji"
        return self.scope.add(Contract(name, axes, weight, operand, f"{letters},{over}j->{over}i"))

    def _carry(self, state: str) -> Carry:
        kind = self.scope.types[state]
        following = self._whole(self.spec.next[state], kind, f"{state}_new")
        return Carry(state, f"{state}_0", following, f"{state}_T", kind)

    def _output_type(self) -> Axes:
        return ("T", "N", *units(self.scope.types[self.spec.output]))

    def _whole(self, value: str, kind: Axes, name: str) -> str:
        """`value` as a node of type `kind`: itself, or a copy where it is an input, a previous state or broadcast."""
        return self._typed(value, kind, name) if self.scope.is_node(value) else self._copy(value, kind, name)

    def _typed(self, value: str, kind: Axes, name: str) -> str:
        """`value` as a value of type `kind`: itself, or a broadcast copy."""
        return value if self.scope.types[value] == kind else self._copy(value, kind, name)

    def _copy(self, value: str, kind: Axes, name: str) -> str:
        return self.scope.add(Pointwise(self.scope.fresh(name), kind, symbol(value)))
