"""Sums over time: gradients of weights and biases, from whole sequences.

Each number of a result is summed by one thread, rows in order of time, in blocks whose sums are then added: the same bits whatever
the number of threads.
"""

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.compiled import kernel
from rnncc.runtime.enlist import dismiss, enlist
from rnncc.runtime.simd.isa import ISA, lanes_of
from rnncc.runtime.simd.memory import lanes, load, store
from rnncc.runtime.simd.product import add_product
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.team import run_parts

Array = NDArray[np.floating]

_INNER = 256
"""Rows of a block: 256 packed rows of one chunk of the right fill half of L1 …"""
_TILES = 32
"""… and 32 packed tiles of the left, as many rows deep, fill less than half of L2."""
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
    width = ISA.vectors * lanes_of(a.dtype)
    total = np.zeros((-(-left_units // _TALL) * _TALL, -(-right_units // width) * width), a.dtype)
    if total.size and len(a):
        run_parts(_outer, _shares(len(total) // _TALL, sweep.threads), np.ascontiguousarray(a), np.ascontiguousarray(b), total)
    return np.ascontiguousarray(total[:left_units, :right_units])


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


def _shares(tiles: int, threads: int) -> list[int]:
    """Where each thread's tiles begin, and the end."""
    threads = min(threads, tiles)
    return [k * tiles // threads for k in range(threads + 1)]


@kernel
def _outer(part, posts, bounds, left, right, total):  # type: ignore[no-untyped-def]
    """Tiles [bounds[part], bounds[part + 1]) of rows of total (M, N) += leftᵀ right, left (K, ·), right (K, ·).

    A block of the left lies packed in L2, one chunk of the right in L1, the tile in registers.
    """
    enlist(part, posts)
    chunk = _VECTORS * lanes(total)
    packed_left = np.zeros((_TILES + 1, _INNER, _TALL), total.dtype)  # vectors that begin in a row of a tile may end after it
    packed_right = np.zeros((_INNER, chunk), total.dtype)
    for start in range(0, left.shape[0], _INNER):
        count = min(_INNER, left.shape[0] - start)
        for first in range(bounds[part], bounds[part + 1], _TILES):
            tiles = min(_TILES, bounds[part + 1] - first)
            _pack_left(packed_left, left, start, count, first, tiles)
            for column in range(0, total.shape[1], chunk):
                _pack_right(packed_right, right, start, count, column)
                for tile in range(tiles):
                    add_product(total, (first + tile) * _TALL, column, packed_right, (packed_left[tile].T, count))
    dismiss(part, posts)


@kernel
def _pack_left(packed, left, start, count, first, tiles):  # type: ignore[no-untyped-def]
    """Rows [start, start + count) of left, from tile `first` on, into tiles (tiles, K, tall)."""
    width = lanes(packed)
    for t in range(tiles):
        column = (first + t) * _TALL
        own = left.shape[1] - column
        if own >= _TALL + width:
            for k in range(count):
                for r in range(0, _TALL, width):
                    store(load(left, start + k, column + r), packed, t, k, r)
        else:
            for k in range(count):
                for r in range(min(_TALL, own)):
                    packed[t, k, r] = left[start + k, column + r]


@kernel
def _pack_right(packed, right, start, count, column):  # type: ignore[no-untyped-def]
    """Rows [start, start + count) of right, from `column` on, into one chunk (K, chunk)."""
    width = lanes(packed)
    columns = min(packed.shape[1], right.shape[1] - column)
    if columns == packed.shape[1]:
        for k in range(count):
            for v in range(_VECTORS):
                store(load(right, start + k, column + v * width), packed, k, v * width)
    else:
        for k in range(count):
            for n in range(columns):
                packed[k, n] = right[start + k, column + n]


@kernel
def _column_sum(rows, total):  # type: ignore[no-untyped-def]
    """total (M,), float64, += Σ rows (K, M)."""
    for k in range(rows.shape[0]):
        for n in range(total.shape[0]):
            total[n] += rows[k, n]
