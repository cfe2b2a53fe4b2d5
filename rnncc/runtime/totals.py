"""Sums over time: gradients of weights and biases, from whole sequences.

Each number of a result is summed by one thread, rows in order of time, in blocks whose sums are then added: the same bits whatever
the number of threads.
"""

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.compiled import kernel
from rnncc.runtime.enlist import dismiss, enlist
from rnncc.runtime.simd.isa import ISA
from rnncc.runtime.simd.memory import lanes, load, store
from rnncc.runtime.simd.product import product_over_time
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.team import run_parts

Array = NDArray[np.floating]

_INNER = 256
"""Rows of a block: 256 packed rows of one chunk fill half of L1."""
_TALL = ISA.tall
_VECTORS = ISA.vectors


def live_rows(sweep: Sweep, stream: Array) -> Array:
    """The live rows of `stream` (T, N, units), in order of time: (ΣL, units)."""
    if sweep.lengths is None:
        return stream.reshape(sweep.steps * sweep.batch, *stream.shape[2:])
    return stream[~sweep.dead()]


def outer(sweep: Sweep, left: Array, left_units: int, right: Array, right_units: int) -> Array:
    """Σ over time and batch of left_i · right_j: (left_units, right_units) from two streams (T, N, ·)."""
    a, b = live_rows(sweep, left), live_rows(sweep, right)
    total = np.zeros((left_units, right_units), a.dtype)
    if total.size and len(a):
        run_parts(_outer, _bounds(left_units, sweep.threads), np.ascontiguousarray(a), np.ascontiguousarray(b), total)
    return total


def column_sum(sweep: Sweep, stream: Array, units: int) -> Array:
    """Σ over time and batch of a stream (T, N, ·), summed in float64: (units,)."""
    rows = np.ascontiguousarray(live_rows(sweep, stream))
    total = np.zeros(rows.shape[1:])
    _column_sum(rows, total)
    return total[:units].astype(rows.dtype)


def total_sum(sweep: Sweep, stream: Array, *units: int) -> Array:
    """Σ of every number of a stream (T, N) or (T, N, ·): ()."""
    rows = live_rows(sweep, stream)
    return np.asarray((rows[..., : units[0]] if units else rows).sum(dtype=stream.dtype))


def _bounds(rows: int, threads: int) -> list[int]:
    """Shares of whole tiles."""
    tiles = -(-rows // _TALL)
    threads = max(1, min(threads, tiles))
    return [min(rows, k * tiles // threads * _TALL) for k in range(threads + 1)]


@kernel
def _outer(part, posts, bounds, left, right, total):  # type: ignore[no-untyped-def]
    """Rows [bounds[part], bounds[part + 1]) of total (M, N) += leftᵀ right, left (K, ·), right (K, ·).

    A block of the left lies packed in L2, one chunk of the right in L1, the tile in registers.
    """
    enlist(part, posts)
    first, last = bounds[part], bounds[part + 1]
    width = lanes(total)
    chunk = _VECTORS * width
    tiles = (last - first + _TALL - 1) // _TALL
    packed_left = np.zeros((tiles, _INNER, _TALL), total.dtype)
    packed_right = np.zeros((1, _INNER, chunk), total.dtype)
    tile = np.empty((_TALL, _VECTORS, width), total.dtype)
    for start in range(0, left.shape[0], _INNER):
        count = min(_INNER, left.shape[0] - start)
        _pack_left(packed_left, left, start, count, first, last)
        for column in range(0, total.shape[1], chunk):
            columns = min(chunk, total.shape[1] - column)
            _pack_right(packed_right, right, start, count, column, columns)
            for t in range(tiles):
                row = first + t * _TALL
                rows = min(_TALL, last - row)
                # two rows at least: a single one would take chunks abreast
                product_over_time(tile, packed_right, 0, 0, max(rows, 2), (packed_left[t].T, count))
                _add(total, tile, row, rows, column, columns)
    dismiss(part, posts)


@kernel
def _pack_left(packed, left, start, count, first, last):  # type: ignore[no-untyped-def]
    """Rows [start, start + count), columns [first, last) of left into tiles (tiles, K, tall)."""
    whole = (last - first) // _TALL
    for k in range(count):
        for t in range(whole):
            for r in range(_TALL):
                packed[t, k, r] = left[start + k, first + t * _TALL + r]
        for r in range(last - first - whole * _TALL):
            packed[whole, k, r] = left[start + k, first + whole * _TALL + r]


@kernel
def _pack_right(packed, right, start, count, column, columns):  # type: ignore[no-untyped-def]
    """Rows [start, start + count), columns [column, column + columns) of right into one chunk (1, K, chunk)."""
    width = lanes(packed)
    if columns == packed.shape[2]:
        for k in range(count):
            for v in range(_VECTORS):
                store(load(right, start + k, column + v * width), packed, 0, k, v * width)
    else:
        for k in range(count):
            for n in range(columns):
                packed[0, k, n] = right[start + k, column + n]


@kernel
def _add(total, tile, row, rows, column, columns):  # type: ignore[no-untyped-def]
    """total[row:, column:] += the tile's sums."""
    width = tile.shape[2]
    for r in range(rows):
        for v in range(tile.shape[1]):
            at = column + v * width
            if (v + 1) * width <= columns:
                store(load(total, row + r, at) + load(tile, r, v, 0), total, row + r, at)
            else:
                for n in range(columns - v * width):
                    total[row + r, at + n] += tile[r, v, n]


@kernel
def _column_sum(rows, total):  # type: ignore[no-untyped-def]
    """total (M,), float64, += Σ rows (K, M)."""
    for k in range(rows.shape[0]):
        for n in range(total.shape[0]):
            total[n] += rows[k, n]
