"""A tangent as the Jacobian that it applies: `∂i/∂h = diag(i*(1 - i)) @ U_i`."""

from collections.abc import Collection

import sympy as sp
from sympy.printing.precedence import PRECEDENCE

from rnncc.emit.equations import Join, Operation, Product, Reduction, Text, equations, form
from rnncc.functions import symbol
from rnncc.ir import Axes, Program, units


def jacobian_text(tangent: Program, known: Program, named: Collection[str], by: str, prefix: str) -> str:
    """The Jacobians of values by `by`, one a line; those of the outputs of `tangent` last.

    Parameters
    ----------
    tangent
        `known` and the tangents of its outputs by the input `by` alone, called `prefix` and the value's name.
    known
        The program without them.
    named
        Values that are called by their names and whose Jacobian has a line of its own; others are written out where they are used.
    by
        An input of `known`.
    prefix
        Of tangents.

    Returns
    -------
    str
        `diag(v)` has v along its diagonal, `I` is the identity. Of a matrix the Jacobian has two axes more than in linear algebra; then
        `v * J` multiplies each entry that belongs to a unit by its v.
    """
    found = equations(tangent, [*named, *(prefix + name for name in named)], known)
    writer = _Jacobians(tangent, prefix + by, prefix, f"/{prefix}{by}")
    lines = [(e.left, e.right) for e in found.lines if e.right != 0]
    done = {left for left, _ in lines}
    values = [(key, symbol(value)) for key, value in tangent.outputs if key not in done and value not in done]
    lines += [(key, v if v.name.startswith(prefix) else sp.S.Zero) for key, v in values]
    return "\n".join(writer.line(left, right) for left, right in lines)


class _Jacobians:
    """Writes expressions that are linear in tangents."""

    def __init__(self, program: Program, seed: str, prefix: str, over: str) -> None:
        self.types: dict[str, Axes] = program.types
        self.seed, self.prefix, self.over = seed, prefix, over
        self.printer = Text({})

    def line(self, left: str, right: sp.Expr) -> str:
        """The Jacobian of `left`; what several Jacobians read has no tangent, and an equation."""
        if right == 0 or self.depends(right):
            return f"{left}{self.over} = {self.sum(right)}"
        return f"{left} = {self.printer.doprint(right)}"

    def sum(self, expr: sp.Expr) -> str:
        """A sum of terms, the sign of each before it."""
        written = ""
        for term in expr.as_ordered_terms() if expr != 0 else ():
            minus = term.could_extract_minus_sign()
            sign = ("-" if minus else "") if not written else (" - " if minus else " + ")
            written += sign + (self.term(-term if minus else term) or "I")
        return written or "0"

    def term(self, term: sp.Expr) -> str:
        """A coefficient and what is linear in one tangent; empty for the identity."""
        factors = sp.Mul.make_args(term)
        linear = next(f for f in factors if self.depends(f))
        coefficient = sp.Mul(*(f for f in factors if f is not linear))
        right = self.linear(linear)
        if coefficient == 1:
            return right
        left = self.printer.doprint(coefficient)
        match self.rank(coefficient), self.rank(linear):
            case 0, _:
                return f"{self.printer.parenthesize(coefficient, PRECEDENCE['Mul'])}*{right or 'I'}"
            case 1, 0:
                return f"outer({left}, {right or '1'})"
            case 1, 1:
                return f"diag({left}) @ {right}" if right else f"diag({left})"
            case _:
                return f"({left}) * {right or 'I'}"

    def linear(self, expr: sp.Expr) -> str:
        """What a coefficient stands before; empty for the identity."""
        match expr:
            case sp.Symbol():
                return "" if expr.name == self.seed else expr.name + self.over
            case sp.Add():
                return f"({self.sum(expr)})"
            case Product():
                return self.product(expr)
            case Operation():
                operands = ", ".join(self.operand(a) for a in expr.args[1:])
                return f"{expr.how.replace(' ', '_')}({operands})"
            case _:
                return f"({self.term(expr)})"

    def product(self, expr: Product) -> str:
        found = form(expr.how)
        first, second = (expr.args[1 + k] for k in found.order)
        if found.kind in ("matrix", "transposed"):
            left = self.factor(first) + (".T" if found.kind == "transposed" else "")
            right = self.factor(second)
            return f"{left} @ {right}" if right else left
        return f"{found.kind}({self.operand(first)}, {self.operand(second)})"

    def factor(self, expr: sp.Expr) -> str:
        """A factor of a product; empty for the identity on the right."""
        if not self.depends(expr):
            return self.printer.parenthesize(expr, PRECEDENCE["Pow"])
        return self.linear(expr)

    def operand(self, expr: sp.Expr) -> str:
        """An argument of an operation."""
        return (self.sum(expr) if self.depends(expr) else self.printer.doprint(expr)) or "I"

    def depends(self, expr: sp.Expr) -> bool:
        """Whether there is a tangent in it."""
        return any(s.name.startswith(self.prefix) for s in expr.free_symbols)

    def rank(self, expr: sp.Expr) -> int:
        """How many unit axes a value has."""
        match expr:
            case sp.Symbol():
                return len(units(self.types.get(expr.name, ())))
            case Product():
                return len([a for a in expr.how.partition("->")[2] if a not in "TN"])
            case Reduction():
                return 1 if expr.how.endswith(("rows", "cols")) else 0
            case Join():
                return {"transpose": 2, "row": 2, "column": 2}.get(expr.how, 1)
            case _:
                return max((self.rank(a) for a in expr.args), default=0)
