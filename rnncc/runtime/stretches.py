"""Sums over time that a loop adds up as it goes, row by row: of what nothing else reads no stream is written.

A loop adds a number at a time, which loses more of a float32 the longer it goes on. So it begins anew with each stretch of time
(`runtime.chunks`); what it made of each stretch and row is then added up chunk by chunk, in the order of the backward pass, as
`runtime.totals` does with streams.
"""

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.aligned import zeros
from rnncc.runtime.arrays import over_time, whole_vectors
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.totals import add_columns

Array = NDArray[np.floating]


def stretch_of(sweep: Sweep) -> NDArray[np.int64]:
    """(T,): the number of the stretch that each step belongs to."""
    bounds = sweep.stretches
    return over_time(sweep, np.repeat(np.arange(len(bounds) - 1), np.diff(bounds)))


def zero_sums(sweep: Sweep, dtype: np.dtype, units: int) -> Array:
    """Zeros (stretches, N, units), in whole vectors, for a loop to add to."""
    made = zeros((len(sweep.stretches) - 1, sweep.batch, whole_vectors(units, dtype)), dtype)
    if sweep.record is not None:
        sweep.record.before.copy(made, np.broadcast_to(np.zeros(made.shape[-1:], dtype), made.shape))
    return made


def stretch_sum(sweep: Sweep, sums: Array, units: int, so_far: Array | None = None) -> Array:
    """Σ over time and batch of what a loop has added up as `sums` (stretches, N, ·): (units,)."""
    return add_columns(sweep, sums.reshape(-1, sums.shape[-1]), sweep.chunk_stretches * sweep.batch, units, so_far=so_far)
