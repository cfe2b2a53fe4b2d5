"""Derivatives of one expression by its operands, memoised by shape.

`Expr.diff` costs about 2 ms on fresh symbols (sympy asks assumptions of each), so operands are renamed to fixed places first: the
four gates of an LSTM differentiate once.
"""

from collections.abc import Iterable

import sympy as sp

from rnncc.errors import InternalError
from rnncc.functions.symbols import symbol
from rnncc.functions.vocabulary import Elementwise

_VALUE = symbol("_value")
_MEMO: dict[tuple[sp.Expr, sp.Symbol], sp.Expr] = {}


def partials(expr: sp.Expr, value: str, by: Iterable[str]) -> dict[str, sp.Expr]:
    """∂`expr`/∂s for each operand name in `by`.

    Where `expr` is one application of the vocabulary, its derivative refers to the result by the name `value` instead of
    applying the function again.
    """
    operands = sorted(expr.free_symbols, key=str)
    places = {s: symbol(f"_{k}") for k, s in enumerate(operands)}
    back = {p: s for s, p in places.items()} | {_VALUE: symbol(value)}
    shape = expr.xreplace(places)
    return {name: _partial(shape, places[symbol(name)]).xreplace(back) for name in by}


def _partial(shape: sp.Expr, place: sp.Symbol) -> sp.Expr:
    if (shape, place) not in _MEMO:
        _MEMO[shape, place] = _differentiated(shape, place)
    return _MEMO[shape, place]


def _differentiated(shape: sp.Expr, place: sp.Symbol) -> sp.Expr:
    own = {shape: _VALUE} if isinstance(shape, Elementwise) else {}
    result = shape.diff(place).xreplace(own)
    if result.has(sp.Derivative, sp.Subs, sp.DiracDelta, sp.Heaviside, sp.log, sp.sign):
        raise InternalError(f"no derivative of {shape} by {place}: got {result}")
    return result
