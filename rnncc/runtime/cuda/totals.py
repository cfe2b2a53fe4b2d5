"""As `runtime.totals`, on a device: matrix products and reductions of the array library.

The live rows of all steps are one sum, so that a sum over parts of time (`so_far`) is that of the whole but for its rounding.
"""

from collections.abc import Sequence

import numpy as np

from rnncc.runtime.cuda.gemm import product
from rnncc.runtime.cuda.lengths import dead_steps, live_rows
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import library_of
from rnncc.runtime.sweep import Sweep


def outer(
    sweep: Sweep, left: Array, left_units: int, right: Array, right_units: int, so_far: Array | None = None, blocks: int = 1
) -> Array:
    """Σ over time and batch of left_i · right_j: (left_units, right_units) from two streams (T, N, ·).

    Of several `blocks` along the diagonal nothing else need be right, and nothing else is made where they share both axes.
    """
    a, b = live_rows(sweep, left), live_rows(sweep, right)
    if blocks > 1 and left_units % blocks == right_units % blocks == 0:
        return _along_diagonal(a, left_units, b, right_units, so_far, blocks, sweep.tf32)
    return _added(product(a.T, b, sweep.tf32)[:left_units, :right_units], so_far)


def outers(sweep: Sweep, left: Array, left_units: int, right: Array, right_units: int, so_far: Sequence[Array | None]) -> list[Array]:
    """`outer` of each of the streams that lie side by side in `left` (T, N, parts, ·) and of `right`, by one product."""
    a, b = live_rows(sweep, left), live_rows(sweep, right)
    parts, wide = a.shape[1:]
    sums = product(a.reshape(len(a), parts * wide).T, b, sweep.tf32).reshape(parts, wide, b.shape[1])
    return [_added(own[:left_units, :right_units], given) for own, given in zip(sums, so_far, strict=True)]


def _along_diagonal(a: Array, rows: int, b: Array, columns: int, so_far: Array | None, blocks: int, tf32: bool) -> Array:
    """`outer` of blocks that divide both axes, one product a block."""
    total = library_of(a).zeros((rows, columns), a.dtype) if so_far is None else so_far
    r, c = rows // blocks, columns // blocks
    for k in range(blocks):
        own, met = slice(k * r, (k + 1) * r), slice(k * c, (k + 1) * c)
        total[own, met] += product(a[:, own].T, b[:, met], tf32)
    return total


def column_sum(sweep: Sweep, stream: Array, *units: int, so_far: Array | None = None) -> Array:
    """Σ over time and batch of a stream (T, N, ·) or (T, N, ·, ·), summed in float64: (*units,)."""
    rows = live_rows(sweep, stream)[..., : units[-1]]
    return _added(rows.sum(axis=0, dtype=np.float64).astype(stream.dtype), so_far)


def column_sums(sweep: Sweep, streams: Array, units: int, so_far: Sequence[Array | None]) -> list[Array]:
    """`column_sum` of each of the streams that lie side by side in `streams` (T, N, parts, ·)."""
    sums = column_sum(sweep, streams, streams.shape[2], units)
    return [_added(own, given) for own, given in zip(sums, so_far, strict=True)]


def total_sum(sweep: Sweep, stream: Array, *units: int, so_far: Array | None = None) -> Array:
    """Σ of every number of a stream (T, N) or (T, N, ·): ()."""
    rows = live_rows(sweep, stream)
    own = rows[..., : units[-1]] if units else rows
    return _added(library_of(stream).asarray(own.sum(dtype=np.float64).astype(stream.dtype)), so_far)


def row_sum(sweep: Sweep, stream: Array, *units: int, so_far: Array | None = None) -> Array:
    """Σ over time of a stream (T, N), (T, N, ·) or (T, N, ·, ·), for each row of the batch alone: (N, *units)."""
    own = stream[..., : units[-1]] if units else stream
    if sweep.lengths is not None:
        dead = dead_steps(sweep).reshape(sweep.steps, sweep.batch, *(1 for _ in units))
        own = library_of(stream).where(dead, own.dtype.type(0), own)
    return _added(own.sum(axis=0, dtype=own.dtype), so_far)


def _added(part: Array, so_far: Array | None) -> Array:
    """`part`, or the sum that goes on with it, in place."""
    if so_far is None:
        return part
    so_far += part
    return so_far
