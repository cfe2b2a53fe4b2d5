"""Columns of matrices picked by integers, and sums over time into such columns: what a product with a vector of one 1 would give.

A gather reads the transposed matrix, a table whose rows are whole vectors. A scatter splits units between threads, so that each number
is summed by one of them, in the order of the chunks of time (`runtime.chunks`): the same bits whatever the number of threads, and
where a sum over later steps is given as `so_far`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.arrays import padded
from rnncc.runtime.compiled import kernel
from rnncc.runtime.enlist import dismiss, enlist
from rnncc.runtime.frozen import PANELS, Term
from rnncc.runtime.pack import matrix_of
from rnncc.runtime.share import shares
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.team import run_parts, run_rows
from rnncc.runtime.totals import live_rows

Array = NDArray[np.floating]
Index = NDArray[Any]
"""Of int64."""

_WORTH_SHARING = 1 << 16
"""Numbers up to which one thread is sooner done than another is called."""


def columns(env: Mapping[str, Any], term: Term) -> Array:
    """As `columns_of`, of a parameter in `env`: kept for further calls as long as the parameters are unchanged."""
    panels = env.get(PANELS)
    if panels is None:
        return columns_of(matrix_of(env, term))
    key = f"columns of {term}"  # no panel is packed from what has spaces in its name
    return panels.get(((key,),), lambda: columns_of(matrix_of(env, term)))


def columns_of(matrix: Array) -> Array:
    """The columns of `matrix` (units, columns), one a row: (columns, units in whole vectors), C-contiguous."""
    return padded(matrix.T)


def gathered(sweep: Sweep, table: Array, index: Index) -> Array:
    """The stream (T, N, units in whole vectors) of the rows of `table` that `index` (T, N) names; of any content past a sequence's end.

    What `index` holds at live steps is at least 0 and below the number of rows: nobody looks here.
    """
    stream = np.empty((sweep.steps, sweep.batch, table.shape[1]), table.dtype)
    flat = sweep.flat()
    run_rows(_gather, flat, False, sweep.flattened(stream), table, sweep.flattened(index))
    return stream


def scattered(sweep: Sweep, stream: Array, units: int, index: Index, count: int, so_far: Array | None = None) -> Array:
    """The matrix (units, count) whose column j is the sum of `stream` (T, N, ·) over the live steps where `index` (T, N) is j."""
    rows, own = np.ascontiguousarray(live_rows(sweep, stream)), np.ascontiguousarray(live_rows(sweep, index))
    table = np.zeros((count, units), rows.dtype) if so_far is None else so_far.T
    if units and len(rows):
        run_parts(_scatter, shares(units, sweep.threads if rows.size > _WORTH_SHARING else 1), sweep.chunk_rows, rows, own, table)
    return table.T


@kernel
def _gather(part, posts, bounds, live, against, stream, table, index):  # type: ignore[no-untyped-def]
    """One part of the rows, every step."""
    enlist(part, posts)
    for time in range(len(live)):
        for row in range(bounds[part], min(bounds[part + 1], live[time])):
            line = index[time, row]
            for unit in range(stream.shape[2]):
                stream[time, row, unit] = table[line, unit]
    dismiss(part, posts)


@kernel
def _scatter(part, posts, bounds, chunks, rows, index, table):  # type: ignore[no-untyped-def]
    """Units [bounds[part], bounds[part + 1]) of each of `rows` (K, ·) added to the row of `table` that `index` (K,) names."""
    enlist(part, posts)
    for chunk in range(chunks.shape[0]):
        for k in range(chunks[chunk, 0], chunks[chunk, 1]):
            line = index[k]
            for unit in range(bounds[part], bounds[part + 1]):
                table[line, unit] += rows[k, unit]
    dismiss(part, posts)
