"""The instructions of products: loads of 16 bytes, fused multiply-add, and the tensor cores, as primitives of kernels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from llvmlite import ir

from rnncc.runtime.cuda import chunk
from rnncc.runtime.cuda.memory import ACCESS
from rnncc.runtime.cuda.text import primitive

SPAN = 32
"""Bytes that a lane reads of each of its rows at a time."""
_WORD, _FLOAT = ir.IntType(32), ir.FloatType()
_MMA = {
    "tf32": "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32",
    "bf16": "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32",
}
_FORMS = {"float32": chunk.exact, "float64": chunk.exact, "uint32": chunk.tf32, "uint16": chunk.bf16}
"""How a panel is multiplied, by its dtype: TF32 are words, bfloat16 the halves of words."""


@dataclass(frozen=True)
class _Instructions:
    """See `chunk.Machine`."""

    builder: ir.IRBuilder

    def fma(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        return self.builder.fma(a, b, c)

    def tf32(self, a: ir.Value) -> ir.Value:
        return self._asm(_WORD, "cvt.rna.tf32.f32 $0, $1;", "=r,f", a)

    def pair(self, low: ir.Value, high: ir.Value) -> ir.Value:
        return self._asm(_WORD, "cvt.rn.bf16x2.f32 $0, $2, $1;", "=r,f,f", low, high)

    def mma(self, kind: str, sums: Sequence[ir.Value], a: Sequence[ir.Value], b: Sequence[ir.Value]) -> list[ir.Value]:
        text = f"{_MMA[kind]} {{$0, $1, $2, $3}}, {{$8, $9, $10, $11}}, {{$12, $13}}, {{$4, $5, $6, $7}};"
        made = self._asm(ir.LiteralStructType([_FLOAT] * 4), text, "=f,=f,=f,=f,f,f,f,f,r,r,r,r,r,r", *sums, *a, *b)
        return [self.builder.extract_value(made, k) for k in range(4)]

    def _asm(self, result: ir.Type, text: str, constraints: str, *operands: ir.Value) -> ir.Value:
        shape = ir.FunctionType(result, [o.type for o in operands])
        return self.builder.asm(shape, text, constraints, operands, False)


def read(context: Any, builder: ir.IRBuilder, array_type: Any, array: ir.Value, index: ir.Value, size: int) -> list[ir.Value]:
    """The numbers of `size` bytes of a C-contiguous array from its element number `index` on; 32-bit words of an array of integers."""
    dtype = array_type.dtype
    element = _WORD if "int" in str(dtype) else context.get_data_type(dtype)
    lanes = ACCESS * 8 // (32 if element is _WORD else dtype.bitwidth)
    start = builder.gep(context.make_array(array_type)(context, builder, array).data, [index])
    vectors = builder.bitcast(start, ir.VectorType(element, lanes).as_pointer())
    loaded = [builder.load(builder.gep(vectors, [_WORD(k)]), align=ACCESS) for k in range(size // ACCESS)]
    return [builder.extract_element(vector, _WORD(k)) for vector in loaded for k in range(lanes)]


def _rows_type(types: Any, operand: Any, *places: Any) -> Any:
    if not isinstance(operand, types.Array) or operand.ndim not in (2, 3) or operand.layout != "C":
        return None
    numbers = types.UniTuple(operand.dtype, 2 * SPAN * 8 // operand.dtype.bitwidth)
    return (numbers, operand, *[types.int64] * len(places))


def _load_rows(context: Any, builder: ir.IRBuilder, sig: Any, values: Any) -> ir.Value:
    operand, *rows, column = values
    shape = context.make_array(sig.args[0])(context, builder, operand).shape
    width = reduce(builder.mul, (builder.extract_value(shape, k) for k in range(1, sig.args[0].ndim)))
    places = [builder.add(builder.mul(row, width), column) for row in rows]
    numbers = [n for place in places for n in read(context, builder, sig.args[0], operand, place, SPAN)]
    return context.make_tuple(builder, sig.return_type, numbers)


@primitive(_rows_type, _load_rows)
def load_rows(operand: Any, first: int, second: int, column: int) -> Any:
    """The numbers of SPAN bytes of two rows of `operand` (rows, columns) or (rows, parts, columns), from one column on."""


def _chunk_type(types: Any, sums: Any, panel: Any, index: Any, stride: Any, rows: Any) -> Any:
    if not isinstance(panel, types.Array) or not isinstance(sums, types.UniTuple) or not isinstance(rows, types.UniTuple):
        return None
    numbers = panel.dtype if isinstance(panel.dtype, types.Float) else types.float32
    fits = panel.layout == "C" and str(panel.dtype) in _FORMS and sums.dtype == rows.dtype == numbers
    return (sums, sums, panel, types.int64, types.int64, rows) if fits else None


def _multiply_chunk(context: Any, builder: ir.IRBuilder, sig: Any, values: Any) -> ir.Value:
    sums, panel, index, stride, rows = values
    kind = sig.args[1]
    size = ACCESS if str(kind.dtype) == "uint16" else SPAN

    def weights(unit: int) -> list[ir.Value]:
        place = builder.add(index, builder.mul(stride, ir.Constant(stride.type, unit)))
        return read(context, builder, kind, panel, place, size)

    multiply: Callable[..., list[ir.Value]] = _FORMS[str(kind.dtype)]
    made = multiply(_Instructions(builder), _items(builder, sums), _items(builder, rows), weights)
    return context.make_tuple(builder, sig.return_type, made)


def _items(builder: ir.IRBuilder, values: ir.Value) -> list[ir.Value]:
    return [builder.extract_value(values, k) for k in range(len(values.type))]


@primitive(_chunk_type, _multiply_chunk)
def multiply_chunk(sums: Any, panel: Any, index: int, stride: int, rows: Any) -> Any:
    """`sums` with the products of what `load_rows` read and of the lane's weights; see `rnncc.runtime.cuda.chunk`.

    `index` is the number of the first element that the lane reads of its unit's row for the first accumulator, `stride` the length of a
    row.
    """


def _choice(types: Any, panel: Any) -> Any:
    return (types.boolean, panel) if isinstance(panel, types.Array) else None


def _on_tensor_cores(_context: Any, _builder: ir.IRBuilder, sig: Any, _values: Any) -> ir.Value:
    return ir.Constant(ir.IntType(1), str(sig.args[0].dtype).startswith("uint"))


@primitive(_choice, _on_tensor_cores)
def on_tensor_cores(panel: Any) -> Any:
    """Whether `panel` is multiplied by `mma.sync`: a constant of the compiled kernel."""
