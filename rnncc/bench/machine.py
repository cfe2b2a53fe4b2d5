"""What the machine can do, measured: FMA peak, bandwidth of memory and of the caches, elementwise functions, meetings of threads."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncc.bench.machine_kernels import CHAINS, elementwise, fused, meetings, read, triad
from rnncc.functions import VOCABULARY
from rnncc.runtime.simd import lanes_of
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.team import run_loop

_WORKING_SETS = (1 << 14, 1 << 17, 1 << 19, 1 << 22)
"""Bytes a thread for which reading is measured: inside the first, second and third level of today's caches."""
_MEMORY = 1 << 27
"""Bytes of each of the triad's arrays, of all threads together: beyond every cache."""
_PAD = 256
"""Elements that hold some vectors of any width."""
_TRIES = 4
_MEETINGS = 10_000


@dataclass(frozen=True)
class Machine:
    """Rates of all threads together.

    Parameters
    ----------
    flops
        Multiplications and additions a second of independent fused products.
    memory
        Bytes a second of the triad a = b + s c over arrays beyond the caches: three arrays' worth, as STREAM counts.
    reading
        (bytes a thread, bytes a second): reading the same array again and again.
    elementwise
        Operations a second of sigmoid and tanh, as `functions.function_cost` counts them.
    barrier
        Seconds that threads take to meet.
    """

    flops: float
    memory: float
    reading: tuple[tuple[int, float], ...]
    elementwise: float
    barrier: float

    def reading_rate(self, size: float) -> float:
        """Bytes a second at which each thread can read its part of `size` bytes again and again; memory's beyond the caches."""
        return next((rate for bytes_, rate in self.reading if size <= bytes_), self.memory)


def measure_machine(threads: int, dtype: str, seconds: float = 0.2) -> Machine:
    """Rates of `threads` threads in `dtype`; each takes the best of some tries that last `seconds` together."""
    with ThreadPoolExecutor(threads) as pool:
        bench = _Rates(pool, threads, np.dtype(dtype), seconds)
        reading = tuple((size, bench.reading(size)) for size in _WORKING_SETS)
        return Machine(bench.flops(), bench.memory(), reading, bench.elementwise(), bench.barrier())


@dataclass(frozen=True)
class _Rates:
    pool: ThreadPoolExecutor
    threads: int
    dtype: np.dtype[Any]
    seconds: float

    def flops(self) -> float:
        seeds = [np.full(_PAD, 0.5, self.dtype) for _ in range(self.threads)]
        return self._best(lambda k, times: fused(times, seeds[k]), 2.0 * CHAINS * lanes_of(self.dtype))

    def memory(self) -> float:
        size = _MEMORY // self.threads // self.dtype.itemsize // _PAD * _PAD
        arrays = [[np.ones(size, self.dtype) for _ in range(3)] for _ in range(self.threads)]
        return self._best(lambda k, times: triad(times, *arrays[k]), 3.0 * size * self.dtype.itemsize)

    def reading(self, size: int) -> float:
        arrays = [np.ones(size // self.dtype.itemsize, self.dtype) for _ in range(self.threads)]
        totals = [np.zeros(_PAD, self.dtype) for _ in range(self.threads)]
        return self._best(lambda k, times: read(times, arrays[k], totals[k]), float(size))

    def elementwise(self) -> float:
        size = _WORKING_SETS[0] // self.dtype.itemsize
        arrays = [np.ones(size, self.dtype) for _ in range(self.threads)]
        cost = VOCABULARY["sigmoid"].cost + VOCABULARY["tanh"].cost
        return self._best(lambda k, times: elementwise(times, arrays[k]), float(cost * size))

    def barrier(self) -> float:
        """Of threads that split units: the team's, as time loops meet."""
        sweep = Sweep(_MEETINGS, 1, threads=self.threads)
        run_loop(meetings, sweep, False)  # compiles, wakes the team
        return min(self._looped(sweep) for _ in range(_TRIES)) / _MEETINGS

    def _looped(self, sweep: Sweep) -> float:
        start = time.perf_counter()
        run_loop(meetings, sweep, False)
        return time.perf_counter() - start

    def _best(self, work: Callable[[int, int], None], amount: float) -> float:
        """`amount` a second and thread, times threads, of the fastest try; `work` repeats itself until a try takes long enough."""
        work(0, 0)  # compiles
        times, elapsed = 1, 0.0
        while elapsed < self.seconds / _TRIES:
            times *= 2
            elapsed = min(self._elapsed(work, times) for _ in range(_TRIES))
        return amount * times * self.threads / elapsed

    def _elapsed(self, work: Callable[[int, int], None], times: int) -> float:
        start = time.perf_counter()
        list(self.pool.map(work, range(self.threads), [times] * self.threads))
        return time.perf_counter() - start
