"""Pieces of work that wait for nothing of each other, each in a thread of its own.

The team (`runtime.team`) shares one kernel; two directions of a few rows are better kept apart: each thread then reads the weights of
its own direction, and no step waits for another core.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

from rnncc.runtime.sweep import Sweep

R = TypeVar("R")
_FEW_ROWS = 4
"""Rows a thread below which threads of one direction would share its units."""
_WORTH_A_THREAD = 1 << 15
"""Steps times units below which another thread takes longer to wake, 0.3 ms, than it saves."""


@lru_cache(maxsize=1)
def _pool(_process: int) -> ThreadPoolExecutor:
    """A forked child makes its own: threads do not live on in it."""
    return ThreadPoolExecutor(thread_name_prefix="rnncc-apart")


def apart(works: Sequence[Callable[[], R]]) -> list[R]:
    """What each of `works` returns; the first runs in the caller's thread. Raises what the first of them that fails raises."""
    others = [_pool(os.getpid()).submit(work) for work in works[1:]]
    try:
        return [works[0](), *(other.result() for other in others)]
    finally:
        for other in others:
            other.exception()  # nothing goes on behind the caller's back


def worth_parting(sweep: Sweep, hidden: int) -> bool:
    """Whether two directions of `hidden` units are better run side by side, each with half the threads; shapes alone decide."""
    few = sweep.batch < _FEW_ROWS * sweep.threads
    return sweep.threads > 1 and few and sweep.steps * hidden >= _WORTH_A_THREAD
