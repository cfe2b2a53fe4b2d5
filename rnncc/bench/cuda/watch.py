"""Time on a device: between events, with a cache that holds nothing of what is timed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median
from types import ModuleType
from typing import Any

import numpy as np

from rnncc.bench.timing import FEWEST, WARM, Call, Stopwatch
from rnncc.runtime.cuda.device import attribute

_CACHE_SIZE = 38
"""Number of the CUDA runtime for the bytes of a device's second-level cache."""
_TRIES = 5


@dataclass(frozen=True)
class DeviceStopwatch(Stopwatch):
    """Times calls that put their work on the current stream of `library`.

    Before each call twice as many bytes are written as the cache has, outside of what is timed. While the device works for one call
    the host prepares the next, as in a loop of training; what a call takes is then what the device takes, or the host if that is more.
    """

    library: ModuleType = field(kw_only=True)

    def _block(self, call: Call, seconds: float) -> float:
        self._seconds(call, WARM * seconds, 1)
        return median(self._seconds(call, seconds, FEWEST))

    def _seconds(self, call: Call, seconds: float, fewest: int) -> list[float]:
        """Of each call that is made within `seconds`, `fewest` at least."""
        end, found = self.clock() + seconds, list[float]()
        last = self._queued(call)
        while len(found) + 1 < fewest or self.clock() < end:
            following = self._queued(call)
            found.append(elapsed(self.library, *last))
            last = following
        return [*found, elapsed(self.library, *last)]

    def _queued(self, call: Call) -> tuple[Any, Any]:
        """The events before and after `call`."""
        self._others.fill(0)
        return around(self.library, call)

    @cached_property
    def _others(self) -> Any:
        """What takes the place of everything else in the cache."""
        return self.library.empty(2 * attribute(self.library, _CACHE_SIZE), np.uint8)


def around(library: ModuleType, call: Call) -> tuple[Any, Any]:
    """Events before and after the work that `call` puts on the current stream."""
    start, end = library.cuda.Event(), library.cuda.Event()
    start.record()
    call()
    end.record()
    return start, end


def elapsed(library: ModuleType, start: Any, end: Any) -> float:
    """Seconds between two events; waits for the second."""
    end.synchronize()
    return 1e-3 * float(library.cuda.get_elapsed_time(start, end))


def each(library: ModuleType, repeated: Callable[[int], object], times: int) -> float:
    """Seconds of one of many repetitions: what `times` more of them than a tenth as many take, divided by how many more these are.

    `repeated` puts work on the current stream that repeats itself as often as it is told. The best of some tries counts.
    """
    few = times // 10

    def best(count: int) -> float:
        return min(elapsed(library, *around(library, lambda: repeated(count))) for _ in range(_TRIES))

    repeated(few)  # compiles
    return (best(few + times) - best(few)) / times
