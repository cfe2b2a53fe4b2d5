"""One way to write every number and power, so that equal meanings are equal expressions.

Whole floats become integers (`1.0*a` is `a`, `x**2.0` is `x**2`), other rationals floats (`x/2` is `0.5*x`). Exponents become
integers: half ones by `sqrt`, others by `exp` and `log`.
"""

import sympy as sp

from rnncc.functions.vocabulary import Abs, exp, log, sqrt

_WHOLE = 2**31


def normalise(expr: sp.Expr) -> sp.Expr:
    """`expr` in the one form that renderers know."""
    if expr.is_Boolean or isinstance(expr, sp.Symbol):
        return _condition(expr)
    if expr.is_number:
        return _number(expr)
    args = [normalise(a) for a in expr.args]
    match expr:
        case sp.Pow():
            return _power(args[0], expr.exp)
        case sp.Abs():
            return Abs(args[0])
        case sp.Piecewise():
            return sp.Piecewise(*args, evaluate=False)
        case _:
            return expr.func(*args)


def _condition(expr: sp.Basic) -> sp.Basic:
    return expr.func(*map(normalise, expr.args)) if expr.args else expr


def _number(expr: sp.Expr) -> sp.Expr:
    """The exact integer, or the double nearest to `expr`."""
    if expr.is_Integer:
        return expr
    value = float(expr)
    return sp.Integer(int(value)) if value.is_integer() and abs(value) < _WHOLE else sp.Float(value)


def _power(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    power = _number(exponent)
    if power.is_Integer:
        return base**power
    twice = _number(2 * power)
    return sqrt(base) ** twice if twice.is_Integer else exp(power * log(base))
