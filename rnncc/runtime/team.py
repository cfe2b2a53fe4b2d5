"""Threads that share the rows of a batch: ordinary threads around `nogil` kernels, the caller's own among them."""

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np

from rnncc.runtime.sweep import Sweep


@lru_cache(maxsize=1)
def _pool(_process: int) -> ThreadPoolExecutor:
    """One pool a process: a forked child makes its own."""
    return ThreadPoolExecutor(max_workers=max(1, (os.cpu_count() or 1)), thread_name_prefix="rnncc")


def run_parts(kernel: Callable[..., Any], bounds: list[int], *arguments: Any) -> None:
    """Call `kernel(first, last, *arguments)` for each two neighbours of `bounds`, side by side; the last part runs here."""
    *others, (first, last) = itertools.pairwise(bounds)
    waiting = [_pool(os.getpid()).submit(kernel, a, b, *arguments) for a, b in others]
    try:
        kernel(first, last, *arguments)
    finally:
        for one in waiting:
            one.result()


def run_rows(kernel: Callable[..., Any], sweep: Sweep, against: bool, *arguments: Any) -> None:
    """Run a kernel over every row of the batch: `kernel(first, last, live, against, *arguments)` on each thread's share."""
    if sweep.batch and sweep.steps:
        run_parts(kernel, row_bounds(sweep), sweep.live(), against, *arguments)


def row_bounds(sweep: Sweep) -> list[int]:
    """First row of each thread, and N: shares of about the same number of live steps. A function of lengths and threads only."""
    threads = max(1, min(sweep.threads, sweep.batch))
    if sweep.lengths is None:
        return [k * sweep.batch // threads for k in range(threads + 1)]
    done = np.concatenate([[0], np.cumsum(sweep.lengths)])
    targets = [done[-1] * k / threads for k in range(1, threads)]
    return [0, *(int(b) for b in np.searchsorted(done, targets)), sweep.batch]
