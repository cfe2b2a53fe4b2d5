"""Vectors from and to arrays.

Every function takes an index for each axis. The last axis has unit stride, the strides of the others are the array's own. There
is no bounds check and no wrap-around of negative indices: a vector begins at the index and its lanes follow in memory.
Loads and stores are aligned to an element only.
"""

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing import Signature
from numba.core.typing.templates import signature

from rnncc.runtime.simd.operators import as_vector, common_vector
from rnncc.runtime.simd.primitive import primitive
from rnncc.runtime.simd.vector import Vec, holds_floats, llvm_type, splat, vector_of


def address(context: Any, builder: ir.IRBuilder, array_type: types.Array, array: ir.Value, indices: Sequence[ir.Value]) -> ir.Value:
    """Pointer to the element of `array` (a Numba array struct) at `indices` (intp, one an axis)."""
    fields = context.data_model_manager[array_type]
    data = builder.extract_value(array, fields.get_field_position("data"))
    if not indices:
        return data
    strides = fields.get_field_position("strides")
    moved = builder.bitcast(data, ir.IntType(8).as_pointer())
    for axis, index in enumerate(indices[:-1]):
        moved = builder.gep(moved, [builder.mul(index, builder.extract_value(array, [strides, axis]))])
    return builder.gep(builder.bitcast(moved, data.type), [indices[-1]])


def is_indexed(array: types.Type, index: Sequence[types.Type]) -> bool:
    """Whether `array` is one of floats that vectors can hold, with one integer for each axis."""
    if not isinstance(array, types.Array) or not holds_floats(array.dtype):
        return False
    return len(index) == array.ndim and all(isinstance(i, types.Integer) for i in index)


def _indexed(array: types.Type, *index: types.Type) -> Signature | None:
    if not is_indexed(array, index):
        return None
    return signature(vector_of(array.dtype), array, *[types.intp] * len(index))


def _stored(value: types.Type, array: types.Type, *index: types.Type) -> Signature | None:
    if not is_indexed(array, index) or not array.mutable:
        return None
    vec = vector_of(array.dtype)
    if common_vector(vec, value) is None:
        return None
    return signature(types.void, value, array, *[types.intp] * len(index))


def _filled(array: types.Type, number: types.Type) -> Signature | None:
    if not isinstance(array, types.Array) or not holds_floats(array.dtype) or not isinstance(number, types.Integer | types.Float):
        return None
    return signature(vector_of(array.dtype), array, number)


def _counted(array: types.Type) -> Signature | None:
    if not isinstance(array, types.Array) or not holds_floats(array.dtype):
        return None
    return signature(types.intp, array)


def _vector_at(builder: ir.IRBuilder, pointer: ir.Value, vec: Vec) -> ir.Value:
    return builder.bitcast(pointer, llvm_type(vec).as_pointer())


def _placed(array: types.Type, *index: types.Type) -> Signature | None:
    return signature(types.intp, array, *[types.intp] * len(index)) if is_indexed(array, index) else None


def _place(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    return builder.ptrtoint(address(context, builder, sig.args[0], values[0], values[1:]), ir.IntType(types.intp.bitwidth))


def _load(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    pointer = address(context, builder, sig.args[0], values[0], values[1:])
    vec = sig.return_type
    return builder.load(_vector_at(builder, pointer, vec), align=vec.dtype.bitwidth // 8, typ=llvm_type(vec))


def _store(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    array = sig.args[1]
    vec = vector_of(array.dtype)
    value = as_vector(context, builder, vec, sig.args[0], values[0])
    pointer = address(context, builder, array, values[1], values[2:])
    builder.store(value, _vector_at(builder, pointer, vec), align=vec.dtype.bitwidth // 8)
    return context.get_dummy_value()


def _add_at(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    array = sig.args[1]
    vec = vector_of(array.dtype)
    pointer = _vector_at(builder, address(context, builder, array, values[1], values[2:]), vec)
    there = builder.load(pointer, align=vec.dtype.bitwidth // 8, typ=llvm_type(vec))
    total = builder.fadd(there, as_vector(context, builder, vec, sig.args[0], values[0]))
    builder.store(total, pointer, align=vec.dtype.bitwidth // 8)
    return context.get_dummy_value()


def _splat_at(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    pointer = address(context, builder, sig.args[0], values[0], values[1:])
    vec = sig.return_type
    scalar = builder.load(pointer, align=vec.dtype.bitwidth // 8, typ=llvm_type(vec).element)
    return splat(builder, llvm_type(vec), scalar)


def _fill(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    return as_vector(context, builder, sig.return_type, sig.args[1], values[1])


def _lanes(_context: Any, _builder: ir.IRBuilder, sig: Signature, _values: Any) -> ir.Value:
    return ir.Constant(ir.IntType(types.intp.bitwidth), vector_of(sig.args[0].dtype).lanes)


@primitive(_indexed, _load)
def load(array: Any, *index: int) -> Any:
    """The vector that begins at `index`."""


@primitive(_placed, _place)
def place(array: Any, *index: int) -> Any:
    """The address of the element at `index`, which may lie beyond the end."""


@primitive(_stored, _store)
def store(value: Any, array: Any, *index: int) -> None:
    """Write `value`, a vector of the array's dtype or a number, to the lanes that begin at `index`."""


@primitive(_stored, _add_at)
def add_at(value: Any, array: Any, *index: int) -> None:
    """Add `value`, as of `store`, to the lanes that begin at `index`."""


@primitive(_indexed, _splat_at)
def splat_at(array: Any, *index: int) -> Any:
    """The one element at `index` in every lane."""


@primitive(_filled, _fill)
def fill(array: Any, number: float) -> Any:
    """`number` in every lane of a vector of the dtype of `array`, which is not read."""


@primitive(_counted, _lanes)
def lanes(array: Any) -> Any:
    """How many lanes a vector of the dtype of `array` has: a constant of the compiled kernel."""
