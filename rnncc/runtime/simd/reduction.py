"""Sums and maxima over the lanes of a vector."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing import Signature
from numba.core.typing.templates import signature

from rnncc.runtime.simd.expression import Lanes, Truth, where
from rnncc.runtime.simd.piecewise import maximum
from rnncc.runtime.simd.primitive import Lowering, primitive
from rnncc.runtime.simd.vector import Vec, splat

_LANE = ir.IntType(32)


def _reduced(vec: types.Type, count: types.Type) -> Signature | None:
    if not isinstance(vec, Vec) or not isinstance(count, types.Integer):
        return None
    return signature(vec.dtype, vec, types.intp)


def _limited(vec: types.Type, count: types.Type, neutral: types.Type) -> Signature | None:
    if not isinstance(vec, Vec) or not isinstance(count, types.Integer) or not isinstance(neutral, types.Integer | types.Float):
        return None
    return signature(vec, vec, types.intp, vec.dtype)


def _limit(_context: Any, builder: ir.IRBuilder, _sig: Signature, values: Any) -> ir.Value:
    vector = Lanes(builder, values[0])
    others = vector.with_value(splat(builder, vector.value.type, values[2]))
    return where(_first(vector, values[1]), vector, others).value


def _reduction(neutral: float, combine: Callable[[Lanes, Lanes], Lanes]) -> Lowering:
    def lower(_context: Any, builder: ir.IRBuilder, _sig: Signature, values: Any) -> ir.Value:
        vector = Lanes(builder, values[0])
        return _folded(where(_first(vector, values[1]), vector, neutral), combine)

    return lower


def _first(vector: Lanes, count: ir.Value) -> Truth:
    """The first `count` lanes."""
    builder, lanes = vector.builder, vector.value.type.count
    integers = ir.VectorType(_LANE, lanes)
    limit = splat(builder, integers, builder.trunc(count, _LANE))
    return Truth(vector, builder.icmp_signed("<", ir.Constant(integers, list(range(lanes))), limit))


def _folded(vector: Lanes, combine: Callable[[Lanes, Lanes], Lanes]) -> ir.Value:
    """Upper half onto lower half until one lane is left: an order that depends on the number of lanes alone."""
    builder, width = vector.builder, vector.value.type.count
    while width > 1:
        width //= 2
        lower, upper = (_part(vector, start, width) for start in (0, width))
        vector = combine(lower, upper)
    return builder.extract_element(vector.value, ir.Constant(_LANE, 0))


def _part(vector: Lanes, start: int, width: int) -> Lanes:
    chosen = ir.Constant(ir.VectorType(_LANE, width), list(range(start, start + width)))
    return vector.with_value(vector.builder.shuffle_vector(vector.value, ir.Constant(vector.value.type, ir.Undefined), chosen))


@primitive(_reduced, _reduction(0.0, lambda a, b: a + b))
def sum_lanes(vec: Any, count: int) -> Any:
    """The sum of the first `count` lanes as a scalar of the vector's dtype; the others are not looked at."""


@primitive(_reduced, _reduction(float("-inf"), maximum))
def max_lanes(vec: Any, count: int) -> Any:
    """The largest of the first `count` lanes, NaN where one of them is; -inf of none."""


@primitive(_limited, _limit)
def first_lanes(vec: Any, count: int, neutral: float) -> Any:
    """The first `count` lanes of `vec`, `neutral` in the others: what a reduction adds of a row's last vector."""
