"""Operands of a product: rows of numbers, at one step of a stream or by themselves."""

from dataclasses import dataclass, replace
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

_INTP = ir.IntType(types.intp.bitwidth)
_ZERO = ir.Constant(_INTP, 0)
_BYTE_POINTER = ir.IntType(8).as_pointer()


def is_operand(given: types.Type, dtype: types.Type) -> bool:
    """(rows array, units) or (stream, time, units), C-contiguous; a rows array that stands alone may be F-contiguous.

    A pair of integers may follow: the first unit that is multiplied, and the one after the last.
    """
    if not isinstance(given, types.BaseTuple) or len(given) < 2:
        return False
    given = _whole(given)
    array, *integers = given
    if not isinstance(array, types.Array) or array.ndim != len(given) or array.dtype != dtype:
        return False
    layouts = "CF" if array.ndim == 2 else "C"
    return array.layout in layouts and all(isinstance(i, types.Integer) for i in integers)


def _whole(given: types.BaseTuple) -> types.BaseTuple:
    """An operand without the pair of integers at its end."""
    *leading, last = given
    pair = isinstance(last, types.UniTuple) and len(last) == 2 and isinstance(last.dtype, types.Integer)
    return types.Tuple(leading) if pair else given


@dataclass(frozen=True)
class Operand:
    """Pointer to the first row, bytes from row to row and from unit to unit, units, and of these the first and the one after the last
    that are multiplied."""

    data: ir.Value
    row_stride: ir.Value
    unit_stride: ir.Value
    units: ir.Value
    first: ir.Value
    last: ir.Value

    def from_row(self, builder: ir.IRBuilder, row: ir.Value) -> "Operand":
        """Without the rows before `row`."""
        return replace(self, data=builder.gep(self.data, [builder.mul(row, self.row_stride)]))


def operand_of(context: Any, builder: ir.IRBuilder, given: types.BaseTuple, value: ir.Value) -> Operand:
    """The operand that a tuple of `is_operand` stands for."""
    array_type = given[0]
    array, *integers = cgutils.unpack_tuple(builder, value, len(given))
    pair = integers.pop() if _whole(given) != given else None
    first, last = (_ZERO, integers[-1]) if pair is None else cgutils.unpack_tuple(builder, pair, 2)
    view = context.make_array(array_type)(context, builder, array)
    strides = cgutils.unpack_tuple(builder, view.strides, array_type.ndim)
    data = builder.bitcast(view.data, _BYTE_POINTER)
    if array_type.ndim == 3:
        data = builder.gep(data, [builder.mul(integers[0], strides[0])])
    element = ir.Constant(_INTP, array_type.dtype.bitwidth // 8)
    if array_type.layout == "F":
        return Operand(data, element, strides[1], integers[-1], first, last)
    return Operand(data, strides[-2], element, integers[-1], first, last)


_FIELDS = 5
"""Words of an operand in a frame: those of `Operand` but its unit stride, which is an element."""


def framed(builder: ir.IRBuilder, operands: list[Operand], row: ir.Value) -> ir.Value:
    """A pointer to the words of `operands` from `row` on, one after the other, for `FrameOperands` to read."""
    frame = cgutils.alloca_once(builder, ir.ArrayType(_INTP, _FIELDS * len(operands)))
    for k, o in enumerate(operands):
        words = builder.ptrtoint(o.from_row(builder, row).data, _INTP), o.row_stride, o.units, o.first, o.last
        for field, word in enumerate(words):
            builder.store(word, cgutils.gep_inbounds(builder, frame, 0, k * _FIELDS + field))
    return builder.bitcast(frame, _INTP.as_pointer())


@dataclass(frozen=True)
class FrameOperands:
    """The operands that `framed` wrote, of elements of `size` bytes, which follow one another in a row."""

    builder: ir.IRBuilder
    frame: ir.Value
    number: ir.Value
    size: int

    def at(self, number: ir.Value) -> Operand:
        """Operand `number`."""
        b, start = self.builder, self.builder.mul(number, ir.Constant(_INTP, _FIELDS))
        places = [b.gep(self.frame, [b.add(start, ir.Constant(_INTP, field))]) for field in range(_FIELDS)]
        data, row_stride, units, first, last = (b.load(place, typ=_INTP) for place in places)
        return Operand(b.inttoptr(data, _BYTE_POINTER), row_stride, ir.Constant(_INTP, self.size), units, first, last)
