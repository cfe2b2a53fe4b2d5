"""Random masks that depend on seed, key and layer alone: the same whatever the threads and the dtype."""

import threading
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.kernels import Array
from rnncc.runtime.library import placed

_BLOCK = 8
"""Float32 numbers that Philox makes of one value of its counter: four words of 64 bits, two numbers each."""


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


@dataclass(frozen=True)
class Mask:
    """Inverted dropout of one layer's output: 0 with probability `rate`, else 1 / (1 - rate). Any steps of it can be drawn alone.

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
    order
        (N,) which row as drawn, in the caller's order, stands at each row; None: as drawn.
    library
        Whose array it is. It is drawn on the host for any.
    """

    rate: float
    seed: int
    key: int
    layer: int
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    order: NDArray[np.int64] | None = None
    library: ModuleType = np

    def between(self, first: int, last: int) -> Array:
        """The steps [first, last): (last - first, N, units)."""
        return placed(self.library, self._drawn(first, last))

    def _drawn(self, first: int, last: int) -> Array:
        _, rows, units = self.shape
        if self.rate == 1:
            return np.zeros((last - first, rows, units), self.dtype)
        skipped, count = first * rows * units, (last - first) * rows * units
        drawn = uniform(self.seed, self.key, (0, 0, self.layer), skipped, count).reshape(last - first, rows, units)
        kept = (drawn if self.order is None else drawn[:, self.order]) >= np.float32(self.rate)
        return np.multiply(kept, self.dtype.type(1 / (1 - self.rate)), dtype=self.dtype)


def uniform(seed: int, key: int, stream: tuple[int, int, int], skipped: int, count: int) -> NDArray[np.float32]:
    """Numbers in [0, 1), `count` of them after `skipped`, of one of the generator's sequences.

    A block of the counter makes `_BLOCK` of them; `stream` fills its higher words.
    """
    blocks, within = divmod(skipped, _BLOCK)
    counter = np.array([blocks, *stream], np.uint64)
    generator = np.random.Generator(np.random.Philox(counter=counter, key=np.array([seed, key], np.uint64)))
    return generator.random(within + count, np.float32)[within:]


def dropout_seed(seed: int) -> int:
    """64 bits from the seed of a layer, apart from those its parameters are drawn with."""
    return int(np.random.SeedSequence(seed, spawn_key=(1,)).generate_state(1, np.uint64)[0])
