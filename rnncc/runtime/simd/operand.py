"""Operands of a product: rows of numbers, at one step of a stream or by themselves."""

from dataclasses import dataclass
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


class Operands:
    """Operands in memory, so that one loop over them serves any number: their code stands once."""

    def __init__(self, builder: ir.IRBuilder, operands: list[Operand]) -> None:
        self._builder = builder
        self.number = len(operands)
        self._unit_stride = operands[0].unit_stride
        self._parted = any(o.first is not _ZERO for o in operands)
        fields = [(o.data, o.row_stride, o.units, *([o.first, o.last] if self._parted else [])) for o in operands]
        self._columns = [self._column(values) for values in zip(*fields, strict=True)]

    def _column(self, values: tuple[ir.Value, ...]) -> ir.Value:
        b = self._builder
        column = cgutils.alloca_once(b, ir.ArrayType(values[0].type, len(values)))
        for k, value in enumerate(values):
            b.store(value, cgutils.gep_inbounds(b, column, 0, k))
        return column

    def at(self, number: ir.Value) -> Operand:
        """Operand `number`."""
        b = self._builder
        kinds = (_BYTE_POINTER, *[_INTP] * (len(self._columns) - 1))
        data, row_stride, units, *part = (
            b.load(cgutils.gep_inbounds(b, column, 0, number), typ=t) for column, t in zip(self._columns, kinds, strict=True)
        )
        first, last = part or (_ZERO, units)
        return Operand(data, row_stride, self._unit_stride, units, first, last)
