"""Random masks that depend on seed, key and layer alone: the same whatever the threads and the dtype."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnncc.runtime.batch import Batch
from rnncc.runtime.kernels import Array


class Counter:
    """Whole numbers from `start` on, each given out once whatever the threads."""

    def __init__(self, start: int = 0) -> None:
        self._next = start
        self._lock = threading.Lock()

    def take(self) -> int:
        """The next number."""
        with self._lock:
            self._next += 1
            return self._next - 1

    @property
    def upcoming(self) -> int:
        """What `take` would give."""
        return self._next


def dropout_mask(rate: float, seed: int, key: int, layer: int, shape: Sequence[int], dtype: np.dtype[Any]) -> Array:
    """Inverted dropout: 0 with probability `rate`, else 1 / (1 - rate).

    Parameters
    ----------
    rate
        0 to 1; 1 drops everything.
    seed, key, layer
        What the Philox generator (Salmon et al. 2011) counts from.
    shape
        (T, N, units).
    dtype
        Of the mask.
    """
    if rate == 1:
        return np.zeros(shape, dtype)
    counter = np.array([0, 0, 0, layer], np.uint64)
    generator = np.random.Generator(np.random.Philox(counter=counter, key=np.array([seed, key], np.uint64)))
    kept = generator.random(shape, np.float32) >= np.float32(rate)
    return np.multiply(kept, dtype.type(1 / (1 - rate)), dtype=dtype)


def dropout_seed(seed: int) -> int:
    """64 bits from the seed of a layer, apart from those its parameters are drawn with."""
    return int(np.random.SeedSequence(seed, spawn_key=(1,)).generate_state(1, np.uint64)[0])


def sorted_mask(mask: Array, batch: Batch) -> Array:
    """`mask`, drawn for the caller's order of rows, in the kernels' order."""
    return mask if batch.ragged is None else mask[:, batch.ragged.order]
