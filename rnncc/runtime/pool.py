"""Memory that is handed on: what an array of one call lay in, an array of the next one lies in.

Else large arrays go back to the system when they are freed, and the next call finds pages to be mapped and cleared one by one.
"""

from threading import Lock

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
_MOST = 1 << 28
"""Bytes that lie idle at most; what was not taken up for longest goes first."""


class Pool:
    """Pieces of memory that nobody uses, by their size.

    A thread that finds another at work here does without: a lock that it waited for could be its own, since Python may give
    memory back in the middle of anything.
    """

    def __init__(self, most: int = _MOST) -> None:
        self.idle = 0
        """Bytes that lie here."""
        self._most = most
        self._pieces: dict[int, list[Bytes]] = {}
        self._lock = Lock()

    def take(self, size: int) -> Bytes:
        """`size` bytes of any content."""
        if not self._lock.acquire(blocking=False):
            return np.empty(size, np.uint8)
        try:
            pieces = self._pieces.pop(size, None)
            if pieces is None:
                return np.empty(size, np.uint8)
            piece = pieces.pop()
            self.idle -= size
            if pieces:
                self._pieces[size] = pieces  # from now on the last to go
            return piece
        finally:
            self._lock.release()

    def give(self, piece: Bytes) -> None:
        """Keep `piece`, which nobody uses any more, for whoever comes next."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._pieces.setdefault(len(piece), []).append(piece)
            self.idle += len(piece)
            while self.idle > self._most:
                self._drop()
        finally:
            self._lock.release()

    def _drop(self) -> None:
        """The piece whose size was not taken up for longest."""
        size, pieces = next(iter(self._pieces.items()))
        pieces.pop()
        self.idle -= size
        if not pieces:
            del self._pieces[size]


POOL = Pool()
"""Of this process."""
