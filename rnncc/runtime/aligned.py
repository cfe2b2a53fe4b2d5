"""Memory for vectors: arrays that begin at a cache line.

What the C library gives begins at a multiple of 16 bytes. A vector of 64 bytes would then lie in two lines wherever it is read or
written, which takes two accesses.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

CACHE_LINE = 64
"""Bytes of a cache line."""


def empty(shape: Sequence[int], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array of this shape and any content."""
    size, width = math.prod(shape), CACHE_LINE // dtype.itemsize
    room = np.empty(size + width, dtype)
    first = -room.ctypes.data // dtype.itemsize % width
    return room[first : first + size].reshape(shape)


def zeros(shape: Sequence[int], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array of this shape, of zeros."""
    made = empty(shape, dtype)
    made[...] = 0
    return made
