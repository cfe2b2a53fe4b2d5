"""Which memory was read and written: whether what comes next has to wait for it."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

Span = tuple[int, int]
"""First address and the one after the last."""
ALL = -1
"""In place of a thread: each does a part."""


class Spans:
    """Memory that was read and written since threads met."""

    def __init__(self) -> None:
        self._read: list[tuple[Span, int]] = []
        self._written: list[tuple[Span, int]] = []

    def add(self, reads: Sequence[NDArray[Any]], writes: Sequence[NDArray[Any]], owner: int) -> None:
        """These arrays are read, and those written, by thread `owner`; by all of them where it is `ALL`."""
        self._read += [(span, owner) for span in _spans(reads)]
        self._written += [(span, owner) for span in _spans(writes)]

    def clash(self, reads: Sequence[NDArray[Any]], writes: Sequence[NDArray[Any]], owner: int) -> bool:
        """Whether `owner`, reading these arrays and writing those, would disturb what other threads did, or miss it."""
        written, read = (_others(spans, owner) for spans in (self._written, self._read))
        return _meet(_spans(reads), written) or _meet(_spans(writes), read + written)


def _others(spans: list[tuple[Span, int]], owner: int) -> list[Span]:
    """What other threads than `owner` did; of what all did a part is another's."""
    return [span for span, whose in spans if whose == ALL or whose != owner]


def _spans(arrays: Sequence[NDArray[Any]]) -> list[Span]:
    """Where each array lies, gaps between its numbers included."""
    return [span(a) for a in arrays if a.size]


def span(array: NDArray[Any]) -> Span:
    """Where `array` lies."""
    first = array.ctypes.data
    reach = [(n - 1) * stride for n, stride in zip(array.shape, array.strides, strict=True)]
    return first + sum(min(r, 0) for r in reach), first + sum(max(r, 0) for r in reach) + array.itemsize


def _meet(some: list[Span], others: list[Span]) -> bool:
    return any(a < d and c < b for a, b in some for c, d in others)
