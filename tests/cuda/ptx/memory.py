"""Global memory, an array of the caller's an argument, and the shared memory of each block; no access goes anywhere else.

An address is the number of an array, shifted by 32 bits, and a place in what the array is a view of. What lies around an array is
nobody's. Number 0 is the shared memory of the thread's own block, so that an address is the same in a window of its own and among all.
Accesses that race with others are faults; those of counters, which are meant to, are not looked at.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rnncc.runtime.cuda.constants import THREADS
from rnncc.runtime.cuda.start import Grid
from tests.cuda.ptx.fault import Fault
from tests.cuda.ptx.races import Order, Trace

_NUMBER, _SHARED, _WORD = 32, 0, 4


@dataclass(frozen=True)
class _Part:
    """An array: where it begins, its bytes, who accessed which number of it, and how many bytes each has."""

    start: int
    data: np.ndarray
    trace: Trace
    width: int

    def of_kind(self, kind: np.dtype) -> np.ndarray:
        return self.data[: self.data.size // kind.itemsize * kind.itemsize].view(kind)


class Memory:
    """All that the threads of a grid can address.

    Shared memory holds NaN at first.
    """

    def __init__(self, grid: Grid) -> None:
        self.shared, self.order, self._parts = grid.shared, Order(grid.blocks, grid.cluster), []
        self._add(0, np.full(grid.blocks * grid.shared, 0xFF, np.uint8), _WORD)

    def place(self, array: np.ndarray) -> int:
        """The address of a further array, which kernels read and write in place."""
        root = array
        while isinstance(root.base, np.ndarray):
            root = root.base
        start = (len(self._parts) << _NUMBER) + array.ctypes.data - root.ctypes.data
        self._add(start, array.reshape(-1).view(np.uint8), min(_WORD, array.itemsize))
        assert not array.size or np.shares_memory(self._parts[-1].data, array)
        return start

    def _add(self, start: int, data: np.ndarray, width: int) -> None:
        self._parts.append(_Part(start, data, Trace(self.order, len(data) // width), width))

    def load(self, space: str, who: np.ndarray, addresses: np.ndarray, kind: np.dtype, count: int) -> list[np.ndarray]:
        """`count` neighbouring numbers of each of the threads `who`."""
        found = [np.empty(len(who), kind) for _ in range(count)]
        for part, chosen, places in self._found(space, who, addresses, kind.itemsize * count):
            _in_order(part, part.trace.read, who[chosen], places, kind.itemsize * count)
            for k in range(count):
                found[k][chosen] = part.of_kind(kind)[places // kind.itemsize + k]
        return found

    def store(self, space: str, who: np.ndarray, addresses: np.ndarray, values: Sequence[np.ndarray]) -> None:
        """Neighbouring numbers of each of the threads `who`."""
        kind = values[0].dtype
        for part, chosen, places in self._found(space, who, addresses, kind.itemsize * len(values)):
            _in_order(part, part.trace.write, who[chosen], places, kind.itemsize * len(values))
            for k, value in enumerate(values):
                numbers, at = part.of_kind(kind), places // kind.itemsize + k
                numbers[at] = value[chosen]
                if numbers[at].tobytes() != value[chosen].tobytes():
                    raise Fault("lanes of a warp write different numbers to one place")

    def acquire(self, who: np.ndarray, addresses: np.ndarray, kind: np.dtype) -> np.ndarray:
        """The counter at the address of each of the threads `who`, and what was released on it."""
        found = np.empty(len(who), kind)
        for part, chosen, places in self._found("global", who, addresses, kind.itemsize):
            found[chosen] = part.of_kind(kind)[places // kind.itemsize]
        for thread, address in zip(who, addresses, strict=True):
            self.order.acquire(thread, int(address))
        return found

    def add(self, who: np.ndarray, addresses: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """Release on the counter at the address of each of the threads `who`, and add to it; what it was before."""
        found = np.empty_like(terms)
        for k, thread in enumerate(who):
            ((part, _, place),) = self._found("global", who[k : k + 1], addresses[k : k + 1], terms.itemsize)
            counters, at = part.of_kind(terms.dtype), place // terms.itemsize
            found[k : k + 1] = counters[at]
            counters[at] += terms[k]
            self.order.release(thread, int(addresses[k]))
        return found

    def _found(self, space: str, who: np.ndarray, addresses: np.ndarray, size: int) -> Iterator[tuple[_Part, np.ndarray, np.ndarray]]:
        """Of each array that is accessed: which of the threads do, and where in its bytes."""
        uneven = addresses % np.uint64(size) != 0
        if uneven.any():
            raise Fault(f"thread {who[uneven][0]} accesses {size} bytes at {int(addresses[uneven][0]):#x}, which is not aligned")
        numbers = addresses >> np.uint64(_NUMBER)
        for number in np.unique(numbers):
            chosen = numbers == number
            if number >= len(self._parts) or (space == "shared") != (number == _SHARED):
                raise Fault(f"thread {who[chosen][0]} has no {space} memory at {int(addresses[chosen][0]):#x}")
            part = self._parts[number]
            places = addresses[chosen].astype(np.int64) - part.start
            end = self.shared if number == _SHARED else len(part.data)
            beyond = (places < 0) | (places + size > end)
            if beyond.any():
                raise Fault(f"thread {who[chosen][beyond][0]} accesses {size} bytes from number {places[beyond][0]} on, of {end}")
            yield part, chosen, places + (who[chosen] // THREADS * self.shared if number == _SHARED else 0)


def _in_order(
    part: _Part, note: Callable[[np.ndarray, np.ndarray], np.ndarray], who: np.ndarray, places: np.ndarray, size: int
) -> None:
    """See that nothing else may happen before or after these accesses."""
    count = -(-size // part.width)
    numbers = (places[:, None] // part.width + np.arange(count)).ravel()
    threads = np.repeat(who, count)
    fine = note(threads, numbers)
    if not fine.all():
        at = np.argmin(fine)
        raise Fault(
            f"thread {threads[at]} races for the bytes from number {numbers[at] * part.width} on with {part.trace.others(numbers[at])}"
        )
