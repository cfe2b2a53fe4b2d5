"""A program as equations a person reads: helper values written out where they are used, products as `W @ x`.

`rnncc.emit.latex` prints the same equations for a page.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sympy as sp
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from rnncc.errors import InternalError
from rnncc.functions import symbol
from rnncc.ir import (
    Axes,
    BlockDiagonal,
    Carry,
    Concat,
    Contract,
    DiagonalBlocks,
    Gather,
    Iota,
    Node,
    Pointwise,
    Program,
    Reduce,
    Relabel,
    ScatterAdd,
    Slice,
    Transpose,
    units,
)


class Operation(sp.Function):
    """What is no elementwise function; its first argument is a `sp.Symbol` that says how, the rest are operands."""

    is_real = True
    precedence = PRECEDENCE["Mul"]

    @classmethod
    def eval(cls, *_args: sp.Expr) -> None:
        """Never rewrite."""

    @property
    def how(self) -> str:
        return str(self.args[0])


class Product(Operation):
    """`how` is the einsum index of two operands."""


class Reduction(Operation):
    """`how` is the operation and the axes it drops, `sum t n`."""


class Join(Operation):
    """`how` names the operation: concat, cols, rows, gather, scatteradd, transpose, block_diag, diag_blocks, part and its number;
    alone unit, row, column."""

    precedence = PRECEDENCE["Atom"]


@dataclass(frozen=True)
class Equation:
    """`left` is a value's name; `right` holds `Operation`s and names of other values."""

    left: str
    right: sp.Expr
    carried: bool = False
    """`left` is a state: what it is from this step on."""


@dataclass(frozen=True)
class Equations:
    """Equations in order; `shifts` says how a carried value is written: as which value, how many steps away."""

    lines: tuple[Equation, ...]
    shifts: dict[str, tuple[str, int]]


def equations(program: Program, named: Collection[str], known: Program | None = None) -> Equations:
    """The equations of `program`.

    Parameters
    ----------
    named
        Values that keep an equation of their own, besides outputs, carries and what is used more than once.
    known
        Values it defines get no equation, and stand for themselves where its own equations do: the primal of a gradient.
    """
    return _Writer(program, named, known).equations()


class _Writer:
    def __init__(self, program: Program, named: Collection[str], known: Program | None) -> None:
        self.program, self.primal = program, known is None
        self.done = set(known.types) if known else set[str]()
        self.uses = _uses(program)
        self.kept = {value for _, value in program.outputs} | {c.next for c in program.carries} | set(named)
        self.kept |= {value for value, count in _uses(known).items() if count > 1} if known else set()
        self.called = {value: key for key, value in reversed(program.outputs) if value not in self.done | set(named)}
        self.called |= {c.next: self._state(c) for c in program.carries if c.prev not in self.done and c.next not in named}
        self.written: dict[sp.Symbol, sp.Expr] = {}

    def equations(self) -> Equations:
        lines = [line for node in self.program.nodes for line in self._line(node)]
        if self.primal:
            lines += [Equation(c.prev, symbol(c.next).xreplace(self.written), carried=True) for c in self.program.carries]
        return Equations(tuple(lines), {c.prev: self._shift(c) for c in self.program.carries})

    def _line(self, node: Node) -> Iterator[Equation]:
        right, left, new = (
            _right(node, self.program).xreplace(self.written),
            self.called.get(node.name, node.name),
            node.name not in self.done,
        )
        if node.name not in self.kept and not (new and self.uses[node.name] > 1):
            self.written[symbol(node.name)] = right
            return
        self.written[symbol(node.name)] = symbol(left)
        if new:
            yield Equation(left, right)

    def _state(self, carry: Carry) -> str:
        """A state's cotangent is called like that of its first value, `d_h` after `d_h_0`, where nothing else is."""
        name = carry.final.removesuffix("_0")
        return carry.next if name in self.program.types else name

    def _shift(self, carry: Carry) -> tuple[str, int]:
        """A state by its own name; a cotangent by the name of what it is at the step it comes from."""
        step = 1 if carry.reverse else -1
        return (carry.prev, step) if self.primal or carry.prev in self.done else (self.called.get(carry.next, carry.next), step)


def _uses(program: Program) -> Counter[str]:
    return Counter(o for n in program.nodes for o in n.operands)


def _right(node: Node, program: Program) -> sp.Expr:
    operands = [symbol(o) for o in node.operands]
    match node:
        case Pointwise():
            return node.expr
        case Contract():
            return Product(sp.Symbol(node.index), *operands)
        case Reduce():
            dropped = [a for a in program.types[node.a] if a not in node.type]
            return _reduction(node.op, _over(dropped), _within(dropped, program.types[node.a]), *operands)
        case Slice() | Transpose():
            return Join(sp.Symbol(f"part {node.part}" if isinstance(node, Slice) else "transpose"), *operands)
        case Relabel() | BlockDiagonal() | DiagonalBlocks():
            return Join(sp.Symbol(node.word), *operands)
        case Iota():
            return Join(sp.Symbol("unit" if len(node.type) == 1 else ("row", "column")[node.axis]))
        case Concat() | Gather() | ScatterAdd():
            return Join(sp.Symbol(type(node).__name__.lower()), *operands)
        case _:
            raise InternalError(f"no equation for a {type(node).__name__}")


def _reduction(op: str, over: list[str], within: list[str], operand: sp.Expr) -> sp.Expr:
    """`sum(v)` goes over the units, `sum_tn(v)` over steps and rows, `sum_tn(sum(v))` over all, `sum_cols(C)` over columns."""
    inner = Reduction(sp.Symbol(" ".join([op, *within]).strip()), operand) if within else operand
    return Reduction(sp.Symbol(" ".join([op, *over])), inner) if over else inner


def _over(axes: Collection[str]) -> list[str]:
    return [a.lower() for a in axes if a in ("T", "N")]


def _within(dropped: Collection[str], axes: Axes) -> list[str]:
    """Of the dropped axes those of units: by name where they are a matrix's, else without."""
    own = units(axes)
    names = ("rows", "cols") if len(own) == 2 else ("",)
    return [name for axis, name in zip(own, names, strict=False) if axis in dropped]


@dataclass(frozen=True)
class Form:
    """What a product is, in linear algebra: `kind` applied to the operands numbered by `order`, summed over `sums`."""

    kind: str
    order: tuple[int, int]
    sums: tuple[str, ...]


def form(index: str) -> Form:
    """The form of a product from its einsum index, `"ij,TNj->TNi"`."""
    left, out = index.split("->")
    a, b = left.split(",")
    sums = tuple(s.lower() for s in "TN" if s in a + b and s not in out)
    ua, ub, uo = (letters.replace("T", "").replace("N", "") for letters in (a, b, out))
    if len(ua) < len(ub):
        return Form(_kind(ub, ua, uo), (1, 0), sums)
    kind = _kind(ua, ub, uo)
    return Form("outer", (1, 0), sums) if kind == "outer reversed" else Form(kind, (0, 1), sums)


def _kind(a: str, b: str, out: str) -> str:
    """Letters of the units only, `a` at least as long as `b`."""
    kinds = {out + b: "matrix", out: "elementwise"}
    if len(a) == 2 and a == b + out:
        return "transposed"
    if len(a) == len(b) == 1 and len(out) == 2:
        return "outer" if out == a + b else "outer reversed"
    if a == b and not out:
        return "dot"
    if len(a) == len(b) == 2 and a[1:] == b[1:] and out == b[0] + a[0]:
        return "lines"
    return kinds.get(a, f"einsum {a},{b}->{out}")


def textbook_order(terms: list[sp.Expr], shifts: Collection[str]) -> list[sp.Expr]:
    """W x + U h + b: products with what comes in first, products with what is carried next."""

    def rank(term: sp.Expr) -> int:
        if not isinstance(term, Product):
            return 2
        return int(any(s.name in shifts for s in term.free_symbols))

    return sorted(terms, key=rank)


def text(program: Program, named: Collection[str], known: Program | None = None) -> str:
    """`equations` as plain text, one a line; `h[t-1]` is the state before the step."""
    found = equations(program, named, known)
    printer = Text(found.shifts)
    return "\n".join(f"{e.left}{'[t]' if e.carried else ''} = {printer.doprint(e.right)}" for e in found.lines)


class Text(StrPrinter):
    """Expressions of `equations` as plain text."""

    def __init__(self, shifts: dict[str, tuple[str, int]]) -> None:
        super().__init__()
        self.shifts = shifts

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        return textbook_order(super()._as_ordered_terms(expr, order), self.shifts)

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        name, step = self.shifts.get(expr.name, (expr.name, 0))
        return f"{name}[t{step:+d}]" if step else name

    def _print_Product(self, expr: Product) -> str:
        found = form(expr.how)
        first, second = (self.parenthesize(expr.args[1 + k], PRECEDENCE["Pow"]) for k in found.order)
        match found.kind:
            case "matrix":
                body = f"{first} @ {second}"
            case "transposed":
                body = f"{first}.T @ {second}"
            case "elementwise":
                body = f"{first} * {second}"
            case "lines":
                body = f"{second} @ {first}.T"
            case called:
                body = f"{called}({first}, {second})"
        return f"sum_{''.join(found.sums)}({body})" if found.sums else body

    def _print_Reduction(self, expr: Reduction) -> str:
        return f"{'_'.join(expr.how.split(maxsplit=1)).replace(' ', '')}({self._print(expr.args[1])})"

    def _print_Join(self, expr: Join) -> str:
        if expr.how == "transpose":
            return f"{self.parenthesize(expr.args[1], PRECEDENCE['Pow'])}.T"
        if len(expr.args) == 1:
            return expr.how
        operands = ", ".join(self._print(a) for a in expr.args[1:])
        return f"{operands}[{expr.how}]" if expr.how.startswith("part") else f"{expr.how}({operands})"
