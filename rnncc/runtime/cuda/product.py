"""The product of a group of units with a few rows: a block's warps share the columns, and their sums meet in shared memory.

A warp multiplies ROWS rows by UNITS units for each accumulator of a panel, as one `mma.sync` does, and its lanes hold the sums as that
leaves them, whatever multiplies: lane `4 g + t` those of rows g and g + 8 and of units 2 t and 2 t + 1. Warp number w takes every
WARPS-th chunk of the columns from the w-th on, and reads the rows of its next chunk while it multiplies this one.
"""

from typing import Any

from llvmlite import ir

from rnncc.runtime.cuda.barrier import sync_block
from rnncc.runtime.cuda.constants import DEPTH, LANES, ROWS, UNITS, WARPS
from rnncc.runtime.cuda.counts import least
from rnncc.runtime.cuda.instructions import SPAN, load_rows, multiply_chunk, on_tensor_cores
from rnncc.runtime.cuda.places import threads
from rnncc.runtime.cuda.text import device, primitive

_PART = ROWS * UNITS
"""Numbers of an accumulator."""
_OWN = 8
"""Neighbouring columns of a lane, of the DEPTH that its warp takes at a time on the tensor cores."""


def _new_type(types: Any, accumulators: Any, tile: Any) -> Any:
    if not isinstance(accumulators, types.IntegerLiteral) or not isinstance(tile, types.Array):
        return None
    return types.UniTuple(tile.dtype, 4 * accumulators.literal_value), accumulators, tile


def _zero(context: Any, _builder: ir.IRBuilder, sig: Any, _values: Any) -> ir.Value:
    return ir.Constant(context.get_value_type(sig.return_type), None)


@primitive(_new_type, _zero)
def new_sums(accumulators: int, tile: Any) -> Any:
    """This thread's sums of a product, zero: four of the dtype of `tile` for each of `accumulators`, a number in the kernel's text."""


@device
def multiply(sums: Any, weights: Any, group: int, column: int, operand: Any, start: int, stop: int, top: int, end: int) -> Any:
    """`sums` with the products of rows of `operand` and of group number `group` of the weights.

    Parameters
    ----------
    sums
        From `new_sums`.
    weights
        From `resident`: what is kept in shared memory is read there.
    group
        Number of the group among all of the panel.
    column
        Where column 0 of the operand is in a row of the panel, a multiple of DEPTH; below 0 where columns before `start` are in none.
    operand
        (rows, columns), C-contiguous, with whole numbers of DEPTH columns; or (rows, parts, columns), the columns of whose parts are
        counted as one.
    start, stop
        The columns of the operand that count. Those of the same DEPTH meet zeros of the panel.
    top, end
        The first row, and the end of all rows: of the ROWS from `top` on those past it are the last one again.
    """
    panel, copy, low, kept = weights
    stride = panel.shape[3]
    size = panel.shape[1] * UNITS * stride
    if group < low + kept:
        return _multiply(sums, copy, (group - low) * size + column, stride, operand, start, stop, top, end)
    return _multiply(sums, panel, group * size + column, stride, operand, start, stop, top, end)


@device
def _multiply(sums: Any, panel: Any, line: int, stride: int, operand: Any, start: int, stop: int, top: int, end: int) -> Any:
    """`multiply` by the group whose first row, at column 0 of the operand, is element number `line` of `panel`."""
    _, warp, lane = threads()
    g, t = lane // 4, lane % 4
    tensor = on_tensor_cores(panel)
    width = DEPTH if tensor else SPAN // operand.itemsize
    unit, own = (g, _OWN * t) if tensor else (2 * t, 0)
    first, second = least(top + g, end - 1), least(top + g + ROWS // 2, end - 1)
    line = line + unit * stride + own
    at = start // width * width + warp * width
    if at < stop:
        rows = load_rows(operand, first, second, at + own)
        while at < stop:
            ahead = at + WARPS * width
            following = load_rows(operand, first, second, (ahead if ahead < stop else at) + own)
            sums = multiply_chunk(sums, panel, line + at, stride, rows)
            rows, at = following, ahead
    return sums


def _stored(types: Any, tile: Any, warp: Any, lane: Any, sums: Any) -> Any:
    fits = isinstance(tile, types.Array) and isinstance(sums, types.UniTuple) and tile.dtype == sums.dtype
    return (types.none, tile, types.int64, types.int64, sums) if fits and tile.layout == "C" else None


def _store_sums(context: Any, builder: ir.IRBuilder, sig: Any, values: Any) -> ir.Value:
    tile, warp, lane, sums = values
    data = context.make_array(sig.args[0])(context, builder, tile).data
    pairs = builder.bitcast(data, ir.VectorType(data.type.pointee, 2).as_pointer())
    count = len(sums.type) // 2
    first = builder.add(builder.mul(warp, ir.Constant(warp.type, count * LANES)), lane)
    for k in range(count):
        pair = ir.Constant(pairs.type.pointee, ir.Undefined)
        for half in range(2):
            pair = builder.insert_element(pair, builder.extract_value(sums, 2 * k + half), ir.IntType(32)(half))
        place = builder.gep(pairs, [builder.add(first, ir.Constant(first.type, k * LANES))])
        builder.store(pair, place, align=sig.args[0].dtype.bitwidth // 4)
    return context.get_dummy_value()


@primitive(_stored, _store_sums)
def store_sums(tile: Any, warp: int, lane: int, sums: Any) -> None:
    """Write a thread's sums to `tile` [warp, accumulator, row, unit].

    Those of rows g and g + 8 are pairs of neighbours, and the pairs of a warp lie one after the other in the order of its lanes: no
    two lanes meet in a bank.
    """


@device
def collect(tile: Any, sums: Any) -> None:
    """Leave the sums of all threads in `tile`, where `total` finds them; what was there before everybody has read."""
    _, warp, lane = threads()
    sync_block()
    store_sums(tile, warp, lane, sums)
    sync_block()


@device
def total(tile: Any, accumulators: int, k: int, item: int) -> Any:
    """The sum of accumulator number `k` for row item // UNITS and unit item % UNITS of a group: the warps', one after the other."""
    found = tile[k * _PART + item]
    for warp in range(1, WARPS):
        found = found + tile[(warp * accumulators + k) * _PART + item]
    return found
