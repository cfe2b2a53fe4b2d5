"""Sums over time: gradients of weights and biases, from whole sequences.

Each number of a result is summed by one thread, chunk by chunk of time (`runtime.chunks`) in the order of the backward pass, in blocks
whose sums are then added: the same bits whatever the number of threads. A sum over a part of time is given as `so_far` to the sum over
the part before it, which goes on with it in place; in parts of whole chunks it has the same bits as in one.
"""

import math

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.aligned import CACHE_LINE, zeros
from rnncc.runtime.compiled import kernel, met_columns, repeated
from rnncc.runtime.counts import least
from rnncc.runtime.enlist import dismiss, enlist
from rnncc.runtime.share import shares
from rnncc.runtime.simd.isa import ISA, lanes_of
from rnncc.runtime.simd.memory import lanes, load, place, store
from rnncc.runtime.simd.product import add_product
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.team import run_parts

Array = NDArray[np.floating]

_INNER = 256
"""Rows of a block: 256 packed rows of one chunk of the right fill half of L1, or of 512 bits two of it, which is read as fast …"""
_TILES = 16 * ISA.vectors
"""… and so many tiles of the left, as many rows deep, fill less than half of L2: 196 of 512 KiB, or of 512 bits 393 of 1024."""
_WORTH_SHARING = 1 << 18
"""Products up to which one thread is sooner done than another is called."""
_PAGE = 4096
"""Bytes; lines of rows that lie whole pages apart share one set of L1."""
_TALL = ISA.tall
_VECTORS = ISA.vectors


def live_rows(sweep: Sweep, stream: Array) -> Array:
    """The live rows of `stream` (T, N, units), in order of time: (ΣL, units)."""
    if sweep.lengths is None:
        return stream.reshape(sweep.steps * sweep.batch, *stream.shape[2:])
    return stream[~sweep.dead()]


def outer(
    sweep: Sweep, left: Array, left_units: int, right: Array, right_units: int, so_far: Array | None = None, blocks: int = 1
) -> Array:
    """Σ over time and batch of left_i · right_j: (left_units, right_units) from two streams (T, N, ·).

    Of several `blocks` along the diagonal nothing else need be right.
    """
    if 2 * _tiles(right_units, left_units, left.dtype) <= _tiles(left_units, right_units, left.dtype):
        return outer(sweep, right, right_units, left, left_units, None if so_far is None else so_far.T, blocks).T
    a, b = np.ascontiguousarray(live_rows(sweep, left)), np.ascontiguousarray(live_rows(sweep, right))
    total = _in_whole_tiles(left_units, right_units, a.dtype) if so_far is None else so_far
    tiles, whole = -(-left_units // _TALL), _whole(total)
    arguments = (sweep.chunk_rows, np.array([blocks, left_units, right_units]), a, b, whole, sweep.record is not None)
    if sweep.record is not None:
        sweep.record.after.call(_outer, sweep.record.shares(tiles), *arguments, writes=[whole])
    elif total.size and len(a):
        threads = sweep.threads if total.size * len(a) > _WORTH_SHARING else 1
        run_parts(_outer, shares(tiles, threads), *arguments)
    return total


def _tiles(rows: int, columns: int, dtype: np.dtype) -> int:
    """Register tiles of a result. Its transpose has the same bits, and where one side is short, fewer tiles."""
    return -(-rows // _TALL) * -(-columns // (_VECTORS * lanes_of(dtype)))


def _in_whole_tiles(rows: int, columns: int, dtype: np.dtype) -> Array:
    """Zeros (rows, columns): a view of as many whole tiles as hold them."""
    width = _VECTORS * lanes_of(dtype)
    return zeros((-(-rows // _TALL) * _TALL, -(-columns // width) * width), dtype)[:rows, :columns]


def _whole(total: Array) -> Array:
    """The whole tiles that a `total` of `_in_whole_tiles` is a view of."""
    shape = -(-len(total) // _TALL) * _TALL, total.strides[0] // total.itemsize
    return np.lib.stride_tricks.as_strided(total, shape, total.strides)


def column_sum(sweep: Sweep, stream: Array, *units: int, so_far: Array | None = None) -> Array:
    """Σ over time and batch of a stream (T, N, ·) or (T, N, ·, ·), each chunk summed in float64: (*units,).

    One thread reads as fast as memory gives; two with half of each row get half of that.
    """
    return add_columns(sweep, np.ascontiguousarray(live_rows(sweep, stream)), sweep.chunk_rows, *units, so_far=so_far)


def add_columns(sweep: Sweep, rows: Array, chunks: NDArray[np.int64], *units: int, so_far: Array | None) -> Array:
    """Σ of rows (K, ·) or (K, ·, ·), each of the `chunks` (·, 2) of them in float64, one after the other: (*units,)."""
    total = np.zeros(units, rows.dtype) if so_far is None else so_far
    lines = math.prod(units[:-1])
    by_line, sums = rows.reshape(len(rows), lines, rows.shape[-1]), total.reshape(lines, units[-1])
    bounds = [0, units[-1]]
    for line in range(lines):
        arguments = (by_line[:, line], chunks, sums[line], sweep.record is not None)
        if sweep.record is not None:
            sweep.record.after.call(_column_sum, bounds, *arguments, writes=[sums[line]])
        else:
            run_parts(_column_sum, bounds, *arguments)
    return total


def total_sum(sweep: Sweep, stream: Array, *units: int, so_far: Array | None = None) -> Array:
    """Σ of every number of a stream (T, N) or (T, N, ·): ()."""
    rows = live_rows(sweep, stream)
    total = np.zeros((), stream.dtype) if so_far is None else so_far
    for first, last in sweep.chunk_rows:
        total += (rows[first:last, ..., : units[0]] if units else rows[first:last]).sum(dtype=stream.dtype)
    return total


def row_sum(sweep: Sweep, stream: Array, *units: int, so_far: Array | None = None) -> Array:
    """Σ over time of a stream (T, N), (T, N, ·) or (T, N, ·, ·), for each row of the batch alone: (N, *units)."""
    total = np.zeros((sweep.batch, *units), stream.dtype) if so_far is None else so_far
    live = sweep.live()
    for time in range(sweep.steps) if sweep.reverse else reversed(range(sweep.steps)):
        rows = stream[time, : live[time]]
        total[: live[time]] += rows[..., : units[-1]] if units else rows
    return total


@kernel
def _outer(part, posts, bounds, chunks, diagonal, left, right, total, anew):  # type: ignore[no-untyped-def]
    """Tiles [bounds[part], bounds[part + 1]) of rows of total (M, N) += leftᵀ right, left (K, ·), right (K, ·), chunk by chunk.

    The tile is in registers. Both sides are read where they lie, but packed where their rows end within a tile or lie whole pages
    apart: a block of the left then lies in L2, one chunk of the right in L1. What is read next is fetched meanwhile. `diagonal` (3,)
    holds a number of blocks, M and N: tiles that meet none of the blocks along the diagonal are passed by. `anew`: total is cleared
    first.
    """
    enlist(part, posts)
    _clear(total, bounds[part] * _TALL, bounds[part + 1] * _TALL if anew else 0)
    width = lanes(total)
    chunk = _VECTORS * width
    inner = least(_INNER, left.shape[0])
    packed_left = np.empty((inner, least(_TILES, bounds[part + 1] - bounds[part]) * _TALL + 2 * width), total.dtype)
    packed_right = np.empty((inner, chunk), total.dtype)
    in_place = 0 if left.strides[0] % _PAGE == 0 else left.shape[1] // _TALL
    for piece in range(chunks.shape[0]):
        for start in range(chunks[piece, 0], chunks[piece, 1], inner):
            count = least(inner, chunks[piece, 1] - start)
            following = start + inner if start + inner < chunks[piece, 1] else chunks[least(piece + 1, chunks.shape[0] - 1), 0]
            for first in range(bounds[part], bounds[part + 1], _TILES):
                last = least(first + _TILES, bounds[part + 1])
                apart = max(first, least(last, in_place))
                _pack(packed_left, left, start, count, apart * _TALL // width * width, last * _TALL)
                for column in range(0, total.shape[1], chunk):
                    columns = right[start : start + count, column : column + chunk]
                    if right.strides[0] % _PAGE == 0 or column + chunk > right.shape[1]:
                        _pack(packed_right, right, start, count, column, column + chunk)
                        columns = packed_right[:count, 0:chunk]
                    ahead = place(right, start, column + chunk), place(left, start, first * _TALL)
                    if column + chunk >= total.shape[1]:
                        ahead = place(right, following, 0), place(left, following, first * _TALL)
                    lefts = left[start : start + count], packed_left[:count]
                    _add_tiles(total, diagonal, column, columns, first, last, lefts, apart, (*ahead, right.strides[0], left.strides[0]))
    dismiss(part, posts)


@repeated
def _add_tiles(total, diagonal, column, columns, first, last, lefts, apart, ahead):  # type: ignore[no-untyped-def]
    """Tiles [first, last) of one chunk of total, from `column` on, += leftᵀ columns.

    `lefts` are the left where it lies and, from tile number `apart` on, as it is packed, which begins with the vector that holds the
    first of their rows. With each tile a line of every row of what is read next is fetched, a chunk of the right, then the left:
    `ahead` are the addresses of their first rows, and bytes from row to row of each.
    """
    width = lanes(total)
    of_right = _VECTORS * width * total.itemsize // CACHE_LINE
    for tile in range(first, last):
        low, high = met_columns(tile, _TALL, diagonal[0], diagonal[1], diagonal[2])
        if column + columns.shape[1] <= low or column >= high:
            continue
        line = tile - first
        fetched = ahead[0] + line * CACHE_LINE, ahead[2]
        if line >= of_right:
            fetched = ahead[1] + (line - of_right) * CACHE_LINE, ahead[3]
        rows, own = lefts[0], tile * _TALL
        if tile >= apart:
            rows, own = lefts[1], own - apart * _TALL // width * width
        add_product(total, tile * _TALL, column, columns, own, (rows.T, rows.shape[0]), fetched)


@repeated
def _clear(total, first, last):  # type: ignore[no-untyped-def]
    """Zeros in rows [first, last)."""
    for row in range(first, last):
        for column in range(total.shape[1]):
            total[row, column] = 0


@repeated
def _pack(packed, stream, start, count, first, last):  # type: ignore[no-untyped-def]
    """Rows [start, start + count) of a stream (K, ·), columns from `first` to `last` or its end, and on to a whole vector."""
    width = lanes(packed)
    end = least(last, stream.shape[1])
    whole = first + least((end - first + width - 1) // width, (stream.shape[1] - first) // width) * width
    for k in range(count):
        for column in range(first, whole, width):
            store(load(stream, start + k, column), packed, k, column - first)
        for column in range(whole, end):
            packed[k, column - first] = stream[start + k, column]


@kernel
def _column_sum(part, posts, bounds, rows, chunks, total, anew):  # type: ignore[no-untyped-def]
    """Numbers [bounds[part], bounds[part + 1]) of total (M,), all or none, += Σ rows (K, ·), chunk by chunk.

    `chunks` (·, 2) holds the first row of each and the one after its last. `anew`: total is cleared first.
    """
    enlist(part, posts)
    count = bounds[part + 1] - bounds[part]
    sums = np.empty(count)
    for n in range(count if anew else 0):
        total[n] = 0
    for chunk in range(chunks.shape[0]):
        for n in range(count):
            sums[n] = 0
        for k in range(chunks[chunk, 0], chunks[chunk, 1]):
            for n in range(count):
                sums[n] += rows[k, n]
        for n in range(count):
            total[n] += sums[n]
    dismiss(part, posts)
