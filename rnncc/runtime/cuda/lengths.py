"""Which rows are alive at which step, as arrays where a sweep's other arrays are.

They follow from lengths alone and are kept for further calls, per device and stream: what is copied on one stream would have to be
waited for on another.
"""

from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from rnncc.runtime.cuda.graph_memory import read_later
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import placed
from rnncc.runtime.sweep import Sweep

_KEPT = 64
"""Arrays that are kept: a few of each of the last batches."""


def live_rows_at(sweep: Sweep) -> Any:
    """(T,) int64: how many rows, from the first, are alive at each step."""
    return _kept(Sweep.live, sweep)


def dead_steps(sweep: Sweep) -> Any:
    """(T, N): the steps past the end of each sequence."""
    return _kept(Sweep.dead, sweep)


def ends(sweep: Sweep) -> tuple[Any, Any]:
    """The length of each row and its number, (N,) each: where its last step's value lies in a trajectory."""
    return _kept(_lengths, sweep), _kept(_rows, sweep)


def live_rows(sweep: Sweep, stream: Array) -> Array:
    """The live rows of `stream` (T, N, units), in order of time: (ΣL, units)."""
    flat = stream.reshape(sweep.steps * sweep.batch, *stream.shape[2:])
    return flat if sweep.lengths is None else flat.take(_kept(_places, sweep), axis=0)


def current(library: ModuleType) -> tuple[int, int]:
    """Device and stream that `library` works on in this thread."""
    if library is np:
        return 0, 0
    return library.cuda.Device().id, library.cuda.get_current_stream().ptr


def _lengths(sweep: Sweep) -> Any:
    return np.full(sweep.batch, sweep.steps, np.int64) if sweep.lengths is None else sweep.lengths


def _rows(sweep: Sweep) -> Any:
    return np.arange(sweep.batch)


def _places(sweep: Sweep) -> Any:
    return np.flatnonzero(~sweep.dead())


def _kept(make: Callable[[Sweep], Any], sweep: Sweep) -> Any:
    lengths = None if sweep.lengths is None else sweep.lengths.tobytes()
    return read_later(sweep.library, _made(make, sweep.library, current(sweep.library), sweep.steps, sweep.batch, lengths))


@lru_cache(maxsize=_KEPT)
def _made(
    make: Callable[[Sweep], Any], library: ModuleType, _current: tuple[int, int], steps: int, batch: int, lengths: bytes | None
) -> Any:
    given = None if lengths is None else np.frombuffer(lengths, np.int64)
    return placed(library, make(Sweep(steps, batch, given)))
