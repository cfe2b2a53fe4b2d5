"""A sympy expression as a Python function of named arrays: closures, made once an expression."""

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache, reduce
from typing import Any

import numpy as np
import sympy as sp
from sympy.logic.boolalg import BooleanFalse, BooleanTrue

from rnncc.emit.numpy.elementwise import ELEMENTWISE, Array
from rnncc.errors import InternalError
from rnncc.functions import Elementwise

Values = Mapping[str, Array]
Evaluator = Callable[[Values], Any]

_COMPARISONS: dict[type, Callable[..., Any]] = {
    sp.StrictGreaterThan: operator.gt,
    sp.StrictLessThan: operator.lt,
    sp.GreaterThan: operator.ge,
    sp.LessThan: operator.le,
    sp.Equality: operator.eq,
    sp.Unequality: operator.ne,
}


@lru_cache(maxsize=4096)
def evaluator(expr: sp.Expr) -> Evaluator:
    """The function that gives `expr` for arrays by name; numbers are Python floats, exactly those of the expression."""
    match expr:
        case sp.Symbol():
            return operator.itemgetter(expr.name)
        case Elementwise():
            return _applied(ELEMENTWISE[type(expr).__name__], expr.args)
        case sp.Add():
            return _folded(operator.add, expr.args)
        case sp.Mul():
            return _folded(operator.mul, expr.args)
        case sp.Pow():
            return _power(*expr.args)
        case sp.Piecewise():
            return _piecewise(expr.args)
        case sp.Number() | sp.NumberSymbol():
            return _constant(float(expr))
        case _:
            raise InternalError(f"the interpreter does not know {type(expr).__name__} in {expr}")


@lru_cache(maxsize=4096)
def operand_names(expr: sp.Expr) -> tuple[str, ...]:
    """The names that `expr` reads, sorted; kept, since sympy searches the tree anew at each question."""
    return tuple(sorted(s.name for s in expr.free_symbols))


def _constant(value: float) -> Evaluator:
    return lambda _values: value


def _applied(function: Callable[..., Array], args: tuple[sp.Expr, ...]) -> Evaluator:
    parts = [evaluator(a) for a in args]
    return lambda values: function(*(part(values) for part in parts))


def _folded(function: Callable[..., Any], args: tuple[sp.Expr, ...]) -> Evaluator:
    parts = [evaluator(a) for a in args]
    return lambda values: reduce(function, (part(values) for part in parts))


def _power(base: sp.Expr, exponent: sp.Expr) -> Evaluator:
    of = evaluator(base)
    if exponent == -1:
        return lambda values: np.divide(1.0, of(values))
    n = evaluator(exponent)
    return lambda values: np.power(of(values), n(values))


def _piecewise(branches: tuple[sp.Tuple, ...]) -> Evaluator:
    """The first branch whose condition holds; NaN where none does."""
    cases = [(_condition(condition), evaluator(value)) for value, condition in branches]

    def chosen(values: Values) -> Any:
        result: Any = np.nan
        for holds, value in reversed(cases):
            result = np.where(holds(values), value(values), result)
        return result

    return chosen


def _condition(condition: Any) -> Evaluator:
    match condition:
        case BooleanTrue() | BooleanFalse():
            return _constant(bool(condition))
        case sp.And():
            return _junction(np.logical_and, condition.args)
        case sp.Or():
            return _junction(np.logical_or, condition.args)
        case sp.Not():
            inner = _condition(condition.args[0])
            return lambda values: np.logical_not(inner(values))
        case sp.core.relational.Relational():
            return _applied(_COMPARISONS[type(condition)], (condition.lhs, condition.rhs))
        case _:
            raise InternalError(f"the interpreter does not know the condition {condition}")


def _junction(function: Callable[..., Any], args: tuple[Any, ...]) -> Evaluator:
    parts = [_condition(a) for a in args]
    return lambda values: reduce(function, (part(values) for part in parts))
