"""Memory for vectors: arrays that begin at a cache line.

What the C library gives begins at a multiple of 16 bytes. A vector of 64 bytes would then lie in two lines wherever it is read or
written, which takes two accesses. Large arrays lie in memory that is handed on (`runtime.pool`).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.pool import POOL, Bytes

CACHE_LINE = 64
"""Bytes."""
LARGE = 1 << 16
"""Bytes from which on memory is handed on."""


class _Room:
    """Memory in which an array lies; it goes back to the pool when the array and all that share its memory are gone."""

    def __init__(self, piece: Bytes, interface: dict[str, Any]) -> None:
        self._piece = piece
        self.__array_interface__ = interface

    def __del__(self) -> None:
        POOL.give(self._piece)


def empty(shape: Sequence[int], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array of this shape and any content."""
    size = math.prod(shape) * dtype.itemsize + CACHE_LINE
    piece = np.empty(size, np.uint8) if size < LARGE else POOL.take(size)
    first = -piece.ctypes.data % CACHE_LINE
    if size < LARGE:
        return np.ndarray(shape, dtype, piece, first)
    interface = {"shape": tuple(shape), "typestr": dtype.str, "data": (piece.ctypes.data + first, False), "version": 3}
    return np.asarray(_Room(piece, interface))


def zeros(shape: Sequence[int], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array of this shape, of zeros."""
    made = empty(shape, dtype)
    made[...] = 0
    return made


def copied(array: NDArray[Any]) -> NDArray[Any]:
    """An array of the content of `array`; a small one is copied as NumPy does, in a tenth of the time."""
    if array.nbytes < LARGE:
        return array.copy()
    made = empty(array.shape, array.dtype)
    made[...] = array
    return made
