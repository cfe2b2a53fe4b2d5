"""Grids that run at once on as many multiprocessors as the stand-in for a device has, each of which has room for one block.

A block is a Python thread, which keeps its multiprocessor while it waits for others: blocks that need more than there are never end.
"""

import threading
from functools import partial

from tests.cuda import simulated
from tests.cuda.device import MULTIPROCESSORS, Stream
from tests.emit import simulated_cuda


class Machine:
    """What runs between a fork and its join runs at once, all else in turn."""

    def __init__(self):
        self.groups = []
        """The grids of each fork."""
        self._room, self._underway, self._forked = threading.Semaphore(MULTIPROCESSORS), [], False
        self._in_turn, self._wait = simulated_cuda._together, Stream.wait_event

    def together(self, blocks, work):
        """In the place of `simulated_cuda._together`."""

        def run(number):
            assert self._room.acquire(timeout=20)
            try:
                work(number)
            finally:
                self._room.release()

        self._in_turn(blocks, run)

    def waits(self, stream, event):
        """In the place of `Stream.wait_event`: a forked stream's begins a group of grids, the caller's waits for all of them."""
        self._wait(stream, event)
        if stream.ptr and not self._forked:
            self.groups.append([])
        self._forked = bool(stream.ptr)
        if not self._forked:
            for thread in self._underway:
                thread.join()
            self._underway.clear()

    def start(self, kernel, dtype, grid, arguments, library):
        """In the place of `rnncc.runtime.cuda.start.start`."""
        run = partial(simulated.start, kernel, dtype, grid, arguments, library)
        if not self._forked:
            return run()
        self.groups[-1].append(grid)
        self._underway.append(threading.Thread(target=run))
        return self._underway[-1].start()
