"""What the machine can do, measured: FMA peak, bandwidth of memory and of the caches, all threads together."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncc.runtime.compiled import kernel
from rnncc.runtime.simd import fill, lanes, lanes_of, load, store

_CHAINS = 12
"""More than latency (4 or 5) times units (2): every unit has work in each cycle; and they fit 16 registers."""
_WORKING_SETS = (1 << 14, 1 << 17, 1 << 19, 1 << 22)
"""Bytes a thread for which reading is measured: inside the first, second and third level of today's caches."""
_MEMORY = 1 << 27
"""Bytes of each of the triad's arrays, of all threads together: beyond every cache."""
_PAD = 256
"""Elements that hold some vectors of any width."""
_TRIES = 4


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
    """

    flops: float
    memory: float
    reading: tuple[tuple[int, float], ...]

    def reading_rate(self, size: float) -> float:
        """Bytes a second at which each thread can read its part of `size` bytes again and again; memory's beyond the caches."""
        return next((rate for bytes_, rate in self.reading if size <= bytes_), self.memory)


@kernel
def _fused(times: int, seeds: Any) -> None:
    """`_CHAINS` dependent chains x = x a + b, side by side, from values that differ; `seeds` holds a, b and takes the result."""
    a, b = load(seeds, 0), load(seeds, lanes(seeds))
    c0, c1, c2, c3 = fill(seeds, 0.1), fill(seeds, 0.2), fill(seeds, 0.3), fill(seeds, 0.4)
    c4, c5, c6, c7 = fill(seeds, 0.5), fill(seeds, 0.6), fill(seeds, 0.7), fill(seeds, 0.8)
    c8, c9, c10, c11 = fill(seeds, 0.9), fill(seeds, 1.1), fill(seeds, 1.2), fill(seeds, 1.3)
    for _ in range(times):
        c0, c1, c2, c3 = c0 * a + b, c1 * a + b, c2 * a + b, c3 * a + b
        c4, c5, c6, c7 = c4 * a + b, c5 * a + b, c6 * a + b, c7 * a + b
        c8, c9, c10, c11 = c8 * a + b, c9 * a + b, c10 * a + b, c11 * a + b
    store(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11, seeds, 0)


@kernel
def _triad(times: int, a: Any, b: Any, c: Any) -> None:
    for _ in range(times):
        for k in range(0, a.size, lanes(a)):
            store(load(b, k) + load(c, k) * 3.0, a, k)


@kernel
def _read(times: int, a: Any, total: Any) -> None:
    """The sum of `a`, `times` times, in four accumulators; each round adds a vector of its own, so that none can be left out."""
    width = lanes(a)
    s0 = s1 = s2 = s3 = load(total, 0)
    for _ in range(times):
        for k in range(0, a.size, 4 * width):
            s0, s1 = s0 + load(a, k), s1 + load(a, k + width)
            s2, s3 = s2 + load(a, k + 2 * width), s3 + load(a, k + 3 * width)
        store(s0 + s1 + s2 + s3, total, 0)


def measure_machine(threads: int, dtype: str, seconds: float = 0.2) -> Machine:
    """Rates of `threads` threads in `dtype`; each takes the best of some tries that last `seconds` together."""
    with ThreadPoolExecutor(threads) as pool:
        bench = _Rates(pool, threads, np.dtype(dtype), seconds)
        return Machine(bench.flops(), bench.memory(), tuple((size, bench.reading(size)) for size in _WORKING_SETS))


@dataclass(frozen=True)
class _Rates:
    pool: ThreadPoolExecutor
    threads: int
    dtype: np.dtype[Any]
    seconds: float

    def flops(self) -> float:
        seeds = [np.full(_PAD, 0.5, self.dtype) for _ in range(self.threads)]
        return self._best(lambda k, times: _fused(times, seeds[k]), 2.0 * _CHAINS * lanes_of(self.dtype))

    def memory(self) -> float:
        size = _MEMORY // self.threads // self.dtype.itemsize // _PAD * _PAD
        arrays = [[np.ones(size, self.dtype) for _ in range(3)] for _ in range(self.threads)]
        return self._best(lambda k, times: _triad(times, *arrays[k]), 3.0 * size * self.dtype.itemsize)

    def reading(self, size: int) -> float:
        arrays = [np.ones(size // self.dtype.itemsize, self.dtype) for _ in range(self.threads)]
        totals = [np.zeros(_PAD, self.dtype) for _ in range(self.threads)]
        return self._best(lambda k, times: _read(times, arrays[k], totals[k]), float(size))

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
