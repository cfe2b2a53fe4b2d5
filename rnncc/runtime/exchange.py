"""A caller's own arrays in place of those that a record was taken down with, so that what goes in and out of a call is not copied."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.aligned import empty
from rnncc.runtime.record import Record
from rnncc.runtime.spans import span

Array = NDArray[Any]


@dataclass(frozen=True)
class Pointers:
    """Where a record holds addresses within one array.

    Parameters
    ----------
    words
        Arrays of words, the index of an address among them, and how many bytes behind the beginning of the array it points.
    """

    words: tuple[tuple[NDArray[np.int64], int, int], ...]

    @classmethod
    def into(cls, array: Array, record: Record) -> "Pointers":
        """Those into `array`, which is contiguous."""
        first, end = span(array)
        return cls(tuple((words, at, int(words[at]) - first) for words, at, _ in record.addresses if first <= words[at] < end))

    def move(self, array: Array) -> None:
        """Let them point into `array`, which is laid out as the former one."""
        first = array.ctypes.data
        for words, at, behind in self.words:
            words[at] = first + behind


@dataclass(frozen=True)
class Exchange:
    """What a call's input and output take the place of.

    Parameters
    ----------
    x
        What the record reads; contiguous.
    y, around
        What it writes, and the contiguous array that this is a part of.
    read, written
        Where it holds addresses in `x` and in `around`.
    """

    x: Array
    y: Array
    around: Array
    read: Pointers
    written: Pointers

    @classmethod
    def of(cls, x: Array, y: Array, record: Record) -> "Exchange | None":
        """For a record that is bound; None where it does not have all of `y` as part of one array."""
        first, end = span(y)
        holds = (a for _, _, a in record.addresses if a.flags.c_contiguous and span(a)[0] <= first and end <= span(a)[1])
        around = max(holds, key=lambda a: a.nbytes, default=None)
        if around is None:
            return None
        return cls(x, y, around, Pointers.into(x, record), Pointers.into(around, record))

    def swap(self, x: Array) -> Array:
        """Let the record read `x` where it lies, or a copy where it lies otherwise, and write the array that this gives."""
        behaved = x.flags.carray
        if not behaved:
            self.x[...] = x
        self.read.move(x if behaved else self.x)
        made = empty(self.around.shape, self.around.dtype)
        self.written.move(made)
        behind = self.y.ctypes.data - self.around.ctypes.data
        return np.ndarray(self.y.shape, self.y.dtype, made, behind, self.y.strides)
