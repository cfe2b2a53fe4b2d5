"""Time in chunks: sums over time add chunk by chunk, and what a backward pass runs again are whole chunks.

Chunks depend on the number of rows alive at each step alone, never on threads or on what is kept. A piece of time that consists of
whole chunks is cut at the same steps as the whole, so that its sums, added piece by piece, have the same bits.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

ROWS = 1024
"""Rows of a chunk at most, where one step has not more: long enough for products over time, short enough to lie in the cache."""
STRETCH = 64
"""Steps of a stretch at most: what a loop adds up one by one."""


def chunk_bounds(live: NDArray[np.int64]) -> NDArray[np.int64]:
    """The step at which each chunk begins, and T.

    Parameters
    ----------
    live
        (T,) rows alive at each step, descending.

    Returns
    -------
    (chunks + 1,), one chunk at least. A chunk holds as many steps as have `ROWS` rows together, so more than half of that; what is
    left after the last, half of that or less, belongs to it.
    """
    done = np.concatenate([[0], np.cumsum(live)])
    bounds = [0]
    while done[-1] - done[bounds[-1]] > ROWS:
        fitting = int(np.searchsorted(done, done[bounds[-1]] + ROWS, side="right")) - 1
        bounds.append(max(fitting, bounds[-1] + 1))
    if len(bounds) > 1 and done[-1] - done[bounds[-1]] <= ROWS // 2:
        bounds.pop()
    return np.array([*bounds, len(live)], np.int64)


def stretch_bounds(live: NDArray[np.int64]) -> NDArray[np.int64]:
    """The step at which each stretch begins, and T: chunks in pieces of `STRETCH` steps, the last of each of as many as are left."""
    bounds = chunk_bounds(live).tolist()
    return np.array([*(step for first, last in pairwise(bounds) for step in range(first, last, STRETCH)), bounds[-1]], np.int64)


def segment_bounds(live: NDArray[np.int64], checkpoint: int) -> list[int]:
    """The step at which each segment begins, and T: whole chunks, together `checkpoint` steps or more but for the last."""
    bounds = [0]
    for stop in chunk_bounds(live)[1:-1].tolist():
        if stop - bounds[-1] >= checkpoint:
            bounds.append(stop)
    return [*bounds, len(live)]
