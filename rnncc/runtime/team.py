"""The threads of a process that share kernels: a team of workers around `nogil` kernels, the caller's own thread among them.

A worker waits inside a kernel for its next task (`runtime.enlist`); after a while without one it sleeps. There is one team a process,
and another for work that is kept apart (`runtime.apart`). While a team works for one caller, another caller's parts run one after the
other in that caller's own thread, with the same results.
"""

import atexit
import os
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.enlist import FAILED, POSTED, serve
from rnncc.runtime.simd.isa import ISA
from rnncc.runtime.spin import LINE
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.tile import shares_units

Kernel = Callable[..., Any]
"""`kernel(part, posts, bounds, *arguments)`: enlists, works from bounds[part] to bounds[part + 1], dismisses."""

_LOOKS = 2000
"""Looks for the next task before a worker sleeps: about 1 ms, nearly all of it letting others run."""
_MOST = 256
"""Workers a team can have."""
_NOBODY = np.zeros((0, 2 * LINE), np.int64)
_NOWHERE = np.zeros((0, LINE), np.int64)
_WORTH_MEETING = 4
"""Steps below which waking a sleeping worker takes longer than the work it would do."""


class _Worker:
    """One thread that serves one row of posts."""

    def __init__(self, posts: NDArray[np.int64], row: int) -> None:
        self._posts, self._row = posts, row
        self._expected = 0
        self._asleep = False
        self._dismissed = False
        self._called = threading.Event()
        threading.Thread(target=self._serve, name=f"rnncc-{row + 1}", daemon=True).start()

    @property
    def asleep(self) -> bool:
        """Whether it will take its time to come."""
        return self._asleep

    def expect(self, coming: bool) -> None:
        """Stay awake for a task that is about to be posted; `coming` is False once it has been.

        Here and in `_serve` everything happens under the interpreter lock, so that either the sleeper sees what is expected or
        the caller sees the sleeper.
        """
        self._expected = self._posts.item(self._row, POSTED) + coming
        if coming and self._asleep:
            self._called.set()

    def has_failed(self) -> bool:
        """Whether a task failed since it was last asked."""
        failed = self._posts.item(self._row, FAILED) != 0
        if failed:
            self._posts[self._row, FAILED] = 0
        return failed

    def dismiss(self) -> None:
        """End the thread."""
        self._dismissed = True
        self._called.set()

    def _serve(self) -> None:
        number = 1
        while not self._dismissed:
            number = serve(self._posts, self._row, number, _LOOKS)
            self._asleep = True
            if self._expected < number:
                self._called.wait()
                self._called.clear()
            self._asleep = False


class _Team:
    """The workers of one process."""

    def __init__(self) -> None:
        self._busy = threading.Lock()
        self._posts = np.zeros((_MOST, 2 * LINE), np.int64)
        self._workers: list[_Worker] = []
        atexit.register(self._end)

    def run(
        self, kernel: Kernel, bounds: NDArray[np.int64], arguments: Sequence[Any], alone: Callable[[], None], waits: bool = True
    ) -> None:
        """Every part, side by side; where the team works for another caller, `alone`.

        Where it does not pay to wait for workers that sleep, `alone` too, while these wake for the next call.
        """
        if not self._busy.acquire(blocking=False):
            alone()
            return
        try:
            self._share(partial(kernel, 0, self._posts[: len(bounds) - 2], bounds, *arguments), len(bounds) - 2, alone, waits)
        finally:
            self._busy.release()

    def _share(self, together: Callable[[], None], helping: int, alone: Callable[[], None], waits: bool) -> None:
        while len(self._workers) < helping:
            self._workers.append(_Worker(self._posts, len(self._workers)))
        workers = self._workers[:helping]
        coming = waits or not any(worker.asleep for worker in workers)
        for worker in workers:
            worker.expect(True)
        try:
            (together if coming else alone)()
        finally:
            for worker in workers:
                worker.expect(False)
        failed = [worker for worker in workers if worker.has_failed()]
        if failed:
            raise MemoryError("a thread of the team ran out of memory")

    def _end(self) -> None:
        for worker in self._workers:
            worker.dismiss()


@lru_cache(maxsize=2)
def _team(_process: int, _number: int) -> _Team:
    """A forked child makes its own: threads do not live on in it."""
    return _Team()


def run_parts(kernel: Kernel, bounds: Sequence[int] | NDArray[np.int64], *arguments: Any) -> None:
    """Run `kernel` on each share of a range, `bounds` holding where each begins and the end; no share waits for another."""
    _run_parts(0, kernel, bounds, arguments)


def run_together(kernel: Kernel, bounds: NDArray[np.int64], *arguments: Any, alone: Callable[[], None], waits: bool) -> None:
    """Run `kernel` on each share of a range, shares that wait for each other; where there is no team for it, `alone` instead.

    Nor is there one while a thread of it sleeps, unless it `waits` for that.
    """
    _team(os.getpid(), 0).run(kernel, bounds, arguments, alone, waits)


def _run_parts(team: int, kernel: Kernel, bounds: Sequence[int] | NDArray[np.int64], arguments: Sequence[Any]) -> None:
    starts = np.asarray(bounds, np.int64)
    if len(starts) > 2:
        _team(os.getpid(), team).run(kernel, starts, arguments, partial(_in_turn, kernel, starts, arguments))
    else:
        _in_turn(kernel, starts, arguments)


def _in_turn(kernel: Kernel, starts: NDArray[np.int64], arguments: Sequence[Any]) -> None:
    """One part after the other in the caller's thread."""
    for part in range(len(starts) - 1):
        kernel(part, _NOBODY, starts, *arguments)


def run_rows(kernel: Kernel, sweep: Sweep, against: bool, *arguments: Any, meet: tuple[NDArray[np.int64], ...] = ()) -> None:
    """Run `kernel(part, posts, bounds, *meet, live, against, *arguments)` over the rows of the batch."""
    live = sweep.live()
    given = (*meet, live, against, *arguments)
    if sweep.record is not None:
        if sweep.steps > 1:
            sweep.record.varies(live)
        sweep.record.call(kernel, row_bounds(sweep), *given)
    elif sweep.batch and sweep.steps:
        _run_parts(sweep.team, kernel, row_bounds(sweep), given)


def run_loop(kernel: Kernel, sweep: Sweep, against: bool, *arguments: Any) -> None:
    """Run a time loop, `kernel(part, posts, bounds, meet, live, against, *arguments)`: rows are split, or the units of few rows."""
    if not splits_units(sweep):
        run_rows(kernel, sweep, against, *arguments, meet=(_NOWHERE,))
        return
    given = (sweep.live(), against, *arguments)
    if sweep.record is not None:
        sweep.record.call_meeting(kernel, sweep.batch, *given)
    elif sweep.batch:
        bounds = np.full(sweep.threads + 1, sweep.batch)
        bounds[0] = 0
        meet = np.zeros((1, LINE), np.int64)
        alone = partial(kernel, 0, _NOBODY, np.array([0, sweep.batch]), _NOWHERE, *given)
        _team(os.getpid(), sweep.team).run(kernel, bounds, (meet, *given), alone)


def splits_units(sweep: Sweep) -> bool:
    """Whether there are too few rows for threads to have some each, and steps enough to be worth meeting in."""
    return shares_units(sweep.batch, sweep.threads, sweep.row_work) and sweep.steps >= _WORTH_MEETING


def worth_hoisting(sweep: Sweep) -> bool:
    """Whether rows are too few for a tile step by step, so that products of the input are better made for all steps at once.

    The steps of all of time decide, so that a segment of a single step adds in the same order as the whole.
    """
    return sweep.batch < ISA.short and (sweep.segment_of or sweep.steps) > 1


def row_bounds(sweep: Sweep) -> list[int]:
    """First row of each thread, and N: shares of about the same number of live steps. A function of lengths and threads only."""
    threads = max(1, min(sweep.threads, sweep.batch))
    if sweep.lengths is None:
        return [k * sweep.batch // threads for k in range(threads + 1)]
    done = np.concatenate([[0], np.cumsum(sweep.lengths)])
    targets = [done[-1] * k / threads for k in range(1, threads)]
    return [0, *(int(b) for b in np.searchsorted(done, targets)), sweep.batch]
