"""Which memory was read and written: whether what comes next has to wait for it."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

Span = tuple[int, int]
"""First address and the one after the last."""


class Spans:
    """Memory that was read and written since threads met."""

    def __init__(self) -> None:
        self._read: list[Span] = []
        self._written: list[Span] = []

    def add(self, reads: Sequence[NDArray[Any]], writes: Sequence[NDArray[Any]]) -> None:
        """These arrays are read, and those written."""
        self._read += _spans(reads)
        self._written += _spans(writes)

    def clash(self, reads: Sequence[NDArray[Any]], writes: Sequence[NDArray[Any]]) -> bool:
        """Whether to read these arrays and write those would disturb what was done, or miss it."""
        return _meet(_spans(reads), self._written) or _meet(_spans(writes), self._read + self._written)


def _spans(arrays: Sequence[NDArray[Any]]) -> list[Span]:
    """Where each array lies, gaps between its numbers included."""
    return [_span(a) for a in arrays if a.size]


def _span(array: NDArray[Any]) -> Span:
    first = array.ctypes.data
    reach = [(n - 1) * stride for n, stride in zip(array.shape, array.strides, strict=True)]
    return first + sum(min(r, 0) for r in reach), first + sum(max(r, 0) for r in reach) + array.itemsize


def _meet(some: list[Span], others: list[Span]) -> bool:
    return any(a < d and c < b for a, b in some for c, d in others)
