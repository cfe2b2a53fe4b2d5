"""What of a device's work is sure to be done before what, where streams wait for each other by events alone.

Each launch is a tick of its stream's clock, and a stream knows how far the others have come that it has waited for. Two launches that
touch the same memory, which one of them writes, have to be so ordered, and whatever the array library does behind all of them.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from tests.cuda import device, simulated
from tests.cuda.device import unwrapped


@dataclass(frozen=True)
class Launch:
    """One launch, and the arrays that it read or wrote, by first and last address."""

    stream: int
    tick: int
    steps: int
    touched: list[tuple[int, int]]
    written: list[tuple[int, int]]

    def disturbs(self, other):
        return _meet(self.written, other.touched) or _meet(self.touched, other.written)


class Order:
    """Of everything from now on."""

    def __init__(self):
        self.launches, self.known = [], defaultdict(lambda: defaultdict(int))
        self._of_events = {}

    def record(self, stream, event):
        self._of_events[id(event)] = event, dict(self.known[stream.ptr])

    def wait(self, stream, event):
        for other, tick in self._of_events[id(event)][1].items():
            self.known[stream.ptr][other] = max(tick, self.known[stream.ptr][other])

    def start(self, kernel, dtype, grid, arguments, library):
        """In the place of `rnncc.runtime.cuda.start.start`."""
        arrays = [unwrapped(a) for a in arguments if getattr(a, "shape", ())]
        before = [a.tobytes() for a in arrays]
        simulated.start(kernel, dtype, grid, arguments, library)
        spans = [np.lib.array_utils.byte_bounds(a) for a in arrays]
        written = [span for span, a, bits in zip(spans, arrays, before, strict=True) if a.tobytes() != bits]
        stream = library.cuda.get_current_stream().ptr
        clock = self.known[stream]
        clock[stream] += 1
        live = next(a for a in arrays if a.dtype == np.int64)
        made = Launch(stream, clock[stream], len(live), spans, written)
        early = [one for one in self.launches if made.disturbs(one) and clock[one.stream] < one.tick]
        assert not early, f"{kernel.py_func.__name__} may run beside launches whose memory it shares: {early}"
        self.launches.append(made)

    def expect_alone(self, stream):
        """What is done on `stream` now comes behind every launch."""
        assert all(self.known[stream][other] == self.known[other][other] for other in tuple(self.known))


def watched(monkeypatch, launch):
    """The order of what is done on a device: of the launches of `launch`, and of all that the array library does."""
    order = Order()
    do = {name: getattr(device.Stream, name) for name in ("record", "wait_event")}
    taken = device.unwrapped

    def record(stream, event):
        order.record(stream, event)
        return do["record"](stream, event)

    def wait(stream, event):
        order.wait(stream, event)
        do["wait_event"](stream, event)

    def by_library(value):
        order.expect_alone(device._current.stream.ptr)
        return taken(value)

    monkeypatch.setattr(device.Stream, "record", record)
    monkeypatch.setattr(device.Stream, "wait_event", wait)
    monkeypatch.setattr(device, "unwrapped", by_library)
    monkeypatch.setattr(launch, "start", order.start)
    return order


def _meet(spans, others):
    return any(low < top and bottom < high for low, high in spans for bottom, top in others)
