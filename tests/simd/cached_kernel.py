"""Run as a script: a kernel over vectors that Numba caches on disk; prints how often the cache served it."""

import numpy as np
from numba import njit

from rnncc.runtime.simd import lanes, load, sigmoid, store, where


@njit(error_model="numpy", cache=True)
def kernel(x, y):
    for u in range(0, x.size, lanes(x)):
        v = load(x, u)
        store(where(v > 0, sigmoid(v), 1.0 - v), y, u)


if __name__ == "__main__":
    y = np.zeros(32, np.float32)
    kernel(np.ones(32, np.float32), y)
    assert abs(y[31] - 0.7310586) < 1e-6
    print(sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values()))
