"""What compiled kernels are made with: the decorator, and the tiling of rows and units."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit
from numba.core import types
from numba.core.typing import Signature
from numba.core.typing.templates import signature
from numba.np.arrayobj import populate_array

from rnncc.runtime.aligned import CACHE_LINE
from rnncc.runtime.cache_kernels import cached
from rnncc.runtime.counts import choose, counting, least
from rnncc.runtime.simd.isa import ISA, lanes_of
from rnncc.runtime.simd.panel import DEPTH, numbers_of
from rnncc.runtime.simd.primitive import primitive

_TALL = ISA.tall
_MOST_ROUNDED, _ROUNDED_ROOM = 4, 576 << 10
"""How many groups rows are rounded for in one go at most, and bytes for a chunk of each: about half of L2."""
CACHED_ROWS = 8 * ISA.tall
"""Rows of a whole sequence that a kernel takes at a time: those of 1024 float32 units fill 192 KiB."""


def kernel(function: Callable[..., None]) -> Any:
    """Compile `function` on first use for the dtype of its arguments: without the GIL, IEEE division, products fused with sums."""
    return cached(uncached(function))


def uncached(function: Callable[..., None]) -> Any:
    """As `kernel`, for this process alone."""
    return njit(nogil=True, error_model="numpy", fastmath={"contract"}, no_cfunc_wrapper=True)(function)


def repeated(function: Callable[..., None]) -> Any:
    """Compile `function` as kernels are; a kernel calls it several times, and it is called by nobody else."""
    return njit(nogil=True, error_model="numpy", fastmath={"contract"}, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def _lower_not_inlined(context: Any, builder: ir.IRBuilder, _sig: Signature, _values: Any) -> ir.Value:
    builder.function.attributes.add("noinline")
    return context.get_dummy_value()


@primitive(lambda: signature(types.void), _lower_not_inlined)
def not_inlined() -> None:
    """The function that this stands in is called as it is: LLVM takes many arguments for a reason to copy it to each call."""


@counting
def tile_rows(rows: int) -> int:
    """How many of `rows` rows the next tile takes: as few tiles as hold them, of about as many rows each."""
    tiles = (rows + _TALL - 1) // _TALL
    return (rows + tiles - 1) // tiles


@counting
def groups(units: int, width: int, blocks: int) -> int:
    """How many groups of `blocks` vectors of `width` lanes hold `units` units."""
    return (units + width * blocks - 1) // (width * blocks)


@counting
def lanes_apart(units: int, width: int, sums: int) -> int:
    """How many lanes lie between one of `sums` sums of a block that holds so many of the last `units`, and the next sum of it.

    The vector's own, but where all of them fit into one vector, side by side.
    """
    apart: int = choose(units * sums <= width, units, width)
    return apart


@counting
def filled(units: int, width: int, sums: int) -> int:
    """How many vectors of a packed weight hold weights of `units` units, of each of which there are `sums` sums."""
    rest = units - units // width * width
    return units // width * sums + (lanes_apart(rest, width, sums) * sums + width - 1) // width


@counting
def met_columns(group: int, size: int, blocks: int, rows: int, columns: int) -> tuple[int, int]:
    """Where group number `group` of `size` rows of a matrix (rows, columns) with `blocks` blocks along its diagonal is not zero.

    The first such column, and the one after the last. The last group may have fewer rows.
    """
    first, last = group * size, least((group + 1) * size, rows) - 1
    high, wide = rows // blocks, columns // blocks
    return first // high * wide, (last // high + 1) * wide


def _typed_blocks(whole: types.Type, panel: types.Type, owners: types.Type) -> Signature | None:
    if not isinstance(panel, types.Array) or panel.ndim != 3 or not all(isinstance(t, types.Integer) for t in (whole, owners)):
        return None
    return signature(types.intp, types.intp, panel, types.intp)


def _lower_blocks(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    whole, panel, owners = values
    if numbers_of(sig.args[1].dtype) == sig.args[1].dtype or DEPTH == 1:
        return whole
    chunk = builder.extract_value(context.make_array(sig.args[1])(context, builder, panel).strides, 0)
    most, room, one = (ir.Constant(chunk.type, number) for number in (_MOST_ROUNDED, _ROUNDED_ROOM, 1))
    fitting = builder.udiv(room, builder.add(chunk, one))  # a panel may be empty
    fitting = builder.select(builder.icmp_signed("<", fitting, most), fitting, most)
    apart = builder.and_(builder.icmp_signed("==", owners, one), builder.icmp_signed(">", fitting, one))
    return builder.mul(whole, builder.select(apart, fitting, one))


@primitive(_typed_blocks, _lower_blocks)
def blocks_of(whole: int, panel: Any, owners: int) -> Any:
    """How many blocks of units make a group of `panel` in a kernel: `whole`, of which `runtime.pack.group_blocks` makes whole chunks.

    Rows are rounded to bfloat16 for each group anew. Where that is done, and no other thread takes units of the same rows, groups are
    up to `_MOST_ROUNDED` times as wide, as long as their chunks stay in L2.
    """


def _typed_tile(panel: types.Type, vectors: types.Type) -> Signature | None:
    if not isinstance(panel, types.Array) or panel.ndim != 3 or not isinstance(vectors, types.Integer):
        return None
    return signature(types.Array(numbers_of(panel.dtype), 3, "C"), panel, types.intp)


def _lower_tile(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    """On the stack: a tile is small, and lives as long as its kernel runs."""
    made, lanes = sig.return_type, lanes_of(str(sig.return_type.dtype))
    element, size = context.get_data_type(made.dtype), context.get_abi_sizeof(context.get_data_type(made.dtype))
    shape = [ir.Constant(values[1].type, _TALL), values[1], ir.Constant(values[1].type, lanes)]
    data = builder.alloca(element, builder.mul(values[1], ir.Constant(values[1].type, _TALL * lanes)))
    data.align = CACHE_LINE
    row = builder.mul(values[1], ir.Constant(values[1].type, lanes * size))
    tile = context.make_array(made)(context, builder)
    strides = [row, ir.Constant(row.type, lanes * size), ir.Constant(row.type, size)]
    populate_array(tile, data, shape, strides, context.get_constant(types.intp, size), None)
    return tile._getvalue()


@primitive(_typed_tile, _lower_tile)
def new_tile(panel: Any, vectors: int) -> Any:
    """The tile that the product of one group of `panel` leaves its sums in: (tall, vectors, lanes), float32 where it holds bfloat16."""
