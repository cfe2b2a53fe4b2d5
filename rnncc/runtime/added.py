"""A sum of two streams that a stream's record can take down."""

import numpy as np

from rnncc.runtime.arrays import over_time
from rnncc.runtime.compiled import kernel
from rnncc.runtime.enlist import dismiss, enlist
from rnncc.runtime.kernels import Array
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.team import run_rows


def added(sweep: Sweep, a: Array, b: Array) -> Array:
    """`a + b` of two streams (T, N, units), a new array."""
    total = over_time(sweep, np.empty_like(a))
    run_rows(_add, sweep, False, total, a, b)
    return total


@kernel
def _add(part, posts, bounds, live, against, total, a, b):  # type: ignore[no-untyped-def]
    """One part of the rows, every step."""
    enlist(part, posts)
    for time in range(len(live)):
        for row in range(bounds[part], bounds[part + 1]):
            for unit in range(total.shape[2]):
                total[time, row, unit] = a[time, row, unit] + b[time, row, unit]
    dismiss(part, posts)
