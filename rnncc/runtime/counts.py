"""Arithmetic on counts and indices inside kernels, written as plain Python.

A compiled function costs a tenth of a second of Numba's pipeline, however small it is. One decorated with `counting` costs nothing:
it runs while a kernel is compiled, over `Count` and `Counts` in place of integers and arrays, and leaves its instructions in the
kernel. Outside a kernel it is the Python function that stands there. Nothing here is negative.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar, get_args, get_type_hints

from llvmlite import ir
from numba.core import types
from numba.core.typing import Signature
from numba.core.typing.templates import signature

from rnncc.runtime.simd.memory import address
from rnncc.runtime.simd.primitive import register

P = ParamSpec("P")
R = TypeVar("R")
Integers = Any
"""An int64 array; `size` and, with one axis, `[index]` are what functions under `counting` read of it."""
_INTP = ir.IntType(types.intp.bitwidth)


@dataclass(frozen=True)
class Count:
    """An integer under construction, or the truth of a comparison of two."""

    builder: ir.IRBuilder
    value: ir.Value

    def __add__(self, other: Count | int) -> Count:
        return self._with(self.builder.add(self.value, self.lift(other)))

    def __sub__(self, other: Count | int) -> Count:
        return self._with(self.builder.sub(self.value, self.lift(other)))

    def __mul__(self, other: Count | int) -> Count:
        return self._with(self.builder.mul(self.value, self.lift(other)))

    def __floordiv__(self, other: Count | int) -> Count:
        return self._with(self.builder.udiv(self.value, self.lift(other)))

    def __lt__(self, other: Count | int) -> Count:
        return self._with(self.builder.icmp_signed("<", self.value, self.lift(other)))

    def __le__(self, other: Count | int) -> Count:
        return self._with(self.builder.icmp_signed("<=", self.value, self.lift(other)))

    def __gt__(self, other: Count | int) -> Count:
        return self._with(self.builder.icmp_signed(">", self.value, self.lift(other)))

    def __and__(self, other: Count) -> Count:
        return self._with(self.builder.and_(self.value, other.value))

    def __or__(self, other: Count) -> Count:
        return self._with(self.builder.or_(self.value, other.value))

    def lift(self, operand: Count | int) -> ir.Value:
        """The LLVM value of an operand."""
        return operand.value if isinstance(operand, Count) else ir.Constant(_INTP, operand)

    def _with(self, value: ir.Value) -> Count:
        return Count(self.builder, value)


@dataclass(frozen=True)
class Counts:
    """An array of integers that a kernel was given."""

    context: Any
    builder: ir.IRBuilder
    type: types.Array
    value: ir.Value

    @property
    def size(self) -> Count:
        """How many numbers it holds."""
        return Count(self.builder, self.context.make_array(self.type)(self.context, self.builder, self.value).nitems)

    def __getitem__(self, index: Count | int) -> Count:
        """One number of an array of one axis."""
        at = Count(self.builder, self.value).lift(index)
        return Count(self.builder, self.builder.load(address(self.context, self.builder, self.type, self.value, [at]), typ=_INTP))


def choose(condition: Any, a: Any, b: Any) -> Any:
    """`a` where `condition` holds, else `b`; both are evaluated. For functions under `counting`."""
    if not isinstance(condition, Count):
        return a if condition else b
    return Count(condition.builder, condition.builder.select(condition.value, condition.lift(a), condition.lift(b)))


def counting(function: Callable[P, R]) -> Callable[P, R]:
    """Make `function` callable inside kernels: its parameters integers and arrays of them, its annotated result one or a tuple."""
    result = get_type_hints(function)["return"]
    results = len(get_args(result))
    plain: Callable[..., Any] = function

    def typed(*given: types.Type) -> Signature | None:
        if not all(_is_integer(t) or _is_array(t) for t in given):
            return None
        returned = types.UniTuple(types.intp, results) if results else types.intp
        return signature(returned, *(types.intp if _is_integer(t) else t for t in given))

    def lower(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
        made = plain(*(_given(context, builder, t, v) for t, v in zip(sig.args, values, strict=True)))
        nothing = Count(builder, values[0])
        if not results:
            return nothing.lift(made)
        return context.make_tuple(builder, sig.return_type, [nothing.lift(m) for m in made])

    @wraps(function)
    def callable_anywhere(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    register(callable_anywhere, typed, lower, (types.VarArg(types.Any),))
    return callable_anywhere


def _is_integer(given: types.Type) -> bool:
    return isinstance(given, types.Integer)


def _is_array(given: types.Type) -> bool:
    return isinstance(given, types.Array) and given.dtype == types.int64


def _given(context: Any, builder: ir.IRBuilder, given: types.Type, value: ir.Value) -> Count | Counts:
    return Count(builder, value) if _is_integer(given) else Counts(context, builder, given, value)


@counting
def least(a: int, b: int) -> int:
    """The smaller of two."""
    found: int = choose(a < b, a, b)
    return found
