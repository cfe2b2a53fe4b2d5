"""Reductions as a spec means them: a softmax by sums and maxima, and over the positions of a memory only what exists of it."""

import sympy as sp

from rnncc.functions import symbol
from rnncc.functions.vocabulary import Max, exp
from rnncc.ir import COLUMNS, Axes
from rnncc.spec.record import Record
from rnncc.spec.structure import AlongColumns, Largest, Mean, OverUnits, Piecewise, Softmax, Sum
from rnncc.spec.units import units_of

_LOWEST = -1e30
"""Below every score: finite, so that the difference of two is a number."""


class Expansion:
    """Writes expressions in terms of plain sums and maxima.

    Of no position the sum, the mean and the maximum are 0, and so is every softmax.

    Parameters
    ----------
    record
        What the cell knows of its values.
    """

    def __init__(self, record: Record) -> None:
        self.units, self.positions = record.units, record.positions

    def __call__(self, expr: sp.Expr) -> sp.Expr:
        """`expr` with each `softmax`, and each reduction over positions, written out."""
        if not (expr.has(Softmax) or (self.positions and expr.has(OverUnits))):
            return expr
        args = [a if a.is_Atom else self(a) for a in expr.args]
        rest = {"evaluate": False} if isinstance(expr, sp.Piecewise) else {}
        inner = expr if all(a is b for a, b in zip(args, expr.args, strict=True)) else expr.func(*args, **rest)
        return self._reduction(expr, inner) if isinstance(expr, OverUnits) else inner

    def _reduction(self, expr: OverUnits, inner: OverUnits) -> sp.Expr:
        exists = self._exists(expr)
        if exists is not None:
            return _over_positions(inner, exists)
        return _softmax(inner) if isinstance(inner, Softmax) else inner

    def _exists(self, expr: OverUnits) -> sp.Expr | None:
        """1 at the positions that `expr` goes over, 0 beyond; None where it does not go over positions."""
        axis = _reduced(units_of(expr.args[0], self.units), expr.over)
        name = self.positions.get(axis.removesuffix(COLUMNS))
        if name is None:
            return None
        return AlongColumns(symbol(name)) if axis.endswith(COLUMNS) else symbol(name)


def _reduced(units: Axes, over: str) -> str:
    return units[-1] if over == "cols" else units[0]


def _softmax(expr: Softmax) -> sp.Expr:
    a, *over = expr.args
    shifted = exp(a - Largest(a, *over))
    return shifted / Sum(shifted, *over)


def _over_positions(expr: OverUnits, exists: sp.Expr) -> sp.Expr:
    a, *over = expr.args
    some = Largest(exists)

    def there(value: sp.Expr, otherwise: float) -> sp.Expr:
        return Piecewise((value, exists > 0), (otherwise, True))

    match expr:
        case Softmax():
            scores = there(a, _LOWEST)
            shifted = exists * exp(scores - Largest(scores, *over))
            return shifted / (Sum(shifted, *over) + 1 - some)
        case Mean():
            return Sum(there(a, 0), *over) / Max(Sum(exists), 1)
        case Sum():
            return Sum(there(a, 0), *over)
        case _:
            return Piecewise((Largest(there(a, _LOWEST), *over), some > 0), (0, True))
