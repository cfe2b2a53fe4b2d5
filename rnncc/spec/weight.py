"""Weights: matrices that do not vary in time, alone or in expressions, which stand left of `@`."""

from collections.abc import Callable

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import Axes
from rnncc.spec.fault import Mistake
from rnncc.spec.pair import Complex
from rnncc.spec.record import Index, Record
from rnncc.spec.structure import Product, Transposed
from rnncc.spec.units import fits, poisoned, size_text, units_of

Report = Callable[[Mistake], sp.Expr]
Apply = Callable[[sp.Expr, sp.Expr], sp.Expr]
Operator = Callable[["Weight", object], "Weight | sp.Expr"]


def _before(sign: str, apply: Apply) -> Operator:
    """The operator `sign` with a weight on its left."""

    def operate(weight: "Weight", other: object) -> "Weight | sp.Expr":
        remedy = f"apply it first: {weight} @ v"
        return weight.combined([weight, other], apply, f"{weight} {sign} {other}", remedy)

    return operate


def _after(sign: str, apply: Apply) -> Operator:
    """The operator `sign` with a weight on its right."""

    def operate(weight: "Weight", other: object) -> "Weight | sp.Expr":
        loose = f"apply it first: {weight} @ v"
        tight = f"`r {sign} {weight} @ h` is read as `(r {sign} {weight}) @ h`: write `r {sign} ({weight} @ h)`"
        remedy = tight if sign in "*/" else loose
        return weight.combined([other, weight], apply, f"{other} {sign} {weight}", remedy)

    return operate


class Weight:
    """A matrix of `rows` by `cols` units without time: a parameter, a pattern, or an expression of such matrices.

    `W @ v` is a product, `W.T` the transposed matrix. Elementwise a weight goes with weights of its sizes, with numbers, and with
    scalars that do not vary in time; anything else is a mistake, recorded by `report`.

    Parameters
    ----------
    expr
        Over the names of the cell: one entry of the matrix.
    units
        Its sizes, rows first.
    record
        What the cell knows of its values.
    """

    def __init__(self, expr: sp.Expr, units: Axes, record: Record, report: Report) -> None:
        self.expr, self.units = expr, units
        self._record, self._report = record, report

    def __str__(self) -> str:
        return str(self.expr)

    def __repr__(self) -> str:
        return f"weight {self} ({', '.join(self.units)})"

    @property
    def T(self) -> "Weight":  # noqa: N802 (as NumPy writes it)
        """The transposed matrix."""
        turned = self.expr.args[0] if isinstance(self.expr, Transposed) else Transposed(self.expr)
        return self.like(turned, self.units[::-1])

    def like(self, expr: sp.Expr, units: Axes | None = None) -> "Weight":
        """A further weight of the same cell."""
        return Weight(expr, units or self.units, self._record, self._report)

    def __matmul__(self, operand: object) -> sp.Expr:
        if isinstance(operand, Complex):
            return NotImplemented  # whose parts it is multiplied with
        if isinstance(operand, Index):
            operand = symbol(operand.name)
        if not isinstance(operand, sp.Expr):
            remedy = f"{self} @ ({operand} @ v)" if isinstance(operand, Weight) else ""
            message = f"{self} @ …: the right side is no value of the cell"
            return self._report(Mistake(message, found=repr(operand), remedy=remedy))
        try:
            if not poisoned(operand):
                fits(self.expr, self.units[1], operand, self._record.units)
                self._once_a_sequence(operand)
        except Mistake as mistake:
            return self._report(mistake)
        return Product(self.expr, operand)

    def _once_a_sequence(self, operand: sp.Expr) -> None:
        """Raise `Mistake` for the lines of a matrix that changes from step to step: only those of a memory are multiplied."""
        if len(units_of(operand, self._record.units)) > 1 and self._record.varies_in_time(operand):
            found = f"{operand} of size {size_text(units_of(operand, self._record.units))}, which changes from step to step"
            remedy = f"multiply the memory m itself, and go on elementwise: ({self} @ m) * …"
            raise Mistake(f"{Product(self.expr, operand)}: @ takes a vector, or a memory", found=found, remedy=remedy)

    def __rmatmul__(self, operand: object) -> sp.Expr:
        remedy = f"a product is written weight first: {self} @ ({operand})"
        return self._report(Mistake(f"the weight {self} stands right of @", found=f"… @ {self}", remedy=remedy))

    def combined(self, operands: list[object], apply: Callable[..., sp.Expr], found: str, remedy: str) -> "Weight | sp.Expr":
        """`apply` entry by entry; a mistake, with what was `found`, where an operand is no matrix like this one and no number."""
        try:
            entries = [self._entry(o, found, remedy) for o in operands]
            if any(map(poisoned, entries)):
                return next(filter(poisoned, entries))
            expr = apply(*entries)
            units_of(expr, self._record.units)
        except Mistake as mistake:
            return self._report(mistake)
        return self.like(expr)

    def _entry(self, other: object, found: str, remedy: str) -> sp.Expr:
        """What `other` is in an expression for one entry."""
        if isinstance(other, Weight):
            return self._matching(other)
        expr = sp.sympify(other) if isinstance(other, int | float) else other
        if isinstance(expr, sp.Expr) and (poisoned(expr) or not (units_of(expr, self._record.units) or self._record.varies(expr))):
            return expr
        message = f"the weight {self} is used elementwise"
        raise Mistake(message, found=found, expected=f"{self} @ a value of size {self.units[1]}", remedy=remedy)

    def _matching(self, other: "Weight") -> sp.Expr:
        if other.units == self.units:
            return other.expr
        turned = f"transpose one of them: {other.T}" if other.units == self.units[::-1] else ""
        found = f"{self} of size {size_text(self.units)}, {other} of size {size_text(other.units)}"
        raise Mistake("weights of different sizes meet elementwise", found=found, expected="one size", remedy=turned)

    def _elementwise_(self, function: Callable[..., sp.Expr], operands: tuple[object, ...]) -> "Weight | sp.Expr":
        """Functions of the vocabulary ask for this where a weight is one of their arguments."""
        found = f"{getattr(function, '__name__', 'function')}({', '.join(map(str, operands))})"
        return self.combined([*operands], function, found, f"apply it first: {self} @ v")

    def __neg__(self) -> "Weight":
        return self.like(-self.expr)

    def __call__(self, *_operands: object) -> sp.Expr:
        found, remedy = f"{self}(…)", f"a product is written with @: {self} @ v"
        expected = f"{self} @ a value of size {self.units[1]}"
        return self._report(Mistake(f"the weight {self} is used as a function", found=found, expected=expected, remedy=remedy))

    def _sympy_(self) -> sp.Expr:
        """Sympy asks for this where a weight is the argument of what is no function of the vocabulary."""
        raise sp.SympifyError(f"the weight {self}")

    __add__, __radd__ = _before("+", lambda a, b: a + b), _after("+", lambda a, b: a + b)
    __sub__, __rsub__ = _before("-", lambda a, b: a - b), _after("-", lambda a, b: a - b)
    __mul__, __rmul__ = _before("*", lambda a, b: a * b), _after("*", lambda a, b: a * b)
    __truediv__, __rtruediv__ = _before("/", lambda a, b: a / b), _after("/", lambda a, b: a / b)
    __pow__, __rpow__ = _before("**", lambda a, b: a**b), _after("**", lambda a, b: a**b)


def patterned(expr: object, units: Axes, record: Record, report: Report) -> Weight | sp.Expr:
    """The weight whose entries `expr` gives, over the numbers of its rows and columns. Raises `Mistake`."""
    if isinstance(expr, sp.Expr) and poisoned(expr):
        return expr
    expected = f"an expression of the row, the column, numbers and scalars, for a matrix of {size_text(units)}"
    if not isinstance(expr, sp.Expr) or units_of(expr, record.units) != units:
        raise Mistake("this is no entry of a pattern", found=repr(expr) if isinstance(expr, Weight) else str(expr), expected=expected)
    if record.varies(expr):
        raise Mistake("a pattern does not vary in time", found=str(expr), expected=expected)
    return Weight(expr, units, record, report)
