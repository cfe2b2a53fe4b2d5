"""As `runtime.apart`, on a device: calls of kernels that wait for nothing of each other, and whose time loops run at once.

A time loop waits for itself at every step, and leaves a device idle meanwhile. So where one call comes to its loop, the next is
followed up to its own, and all are launched side by side: the first on the caller's stream, each of the others on one that is forked
from it and joined to it by events, which a CUDA graph takes down as well. All else, memory above all, is of the caller's stream alone.

Blocks that wait for each other must run at once, those of all loops together. Each loop is planned for an equal share of the
multiprocessors, none of which is too small for a block: whichever are taken for the others, as many as one needs are free of them. A
cluster begins when it finds room, and waits for nobody beyond it. Shares too small for two blocks have loops whose blocks never wait.
"""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from types import ModuleType
from typing import Any, TypeVar

from rnncc.runtime.cuda.device import chip_of
from rnncc.runtime.cuda.plan import Chip

R = TypeVar("R")
Launch = Callable[[], None]
Cycles = Callable[[int, Chip], float]
"""What so many steps of a time loop take, about, on such a chip."""


@dataclass(frozen=True)
class Loop:
    """A time loop that is to be launched.

    Parameters
    ----------
    steps
        T.
    cycles
        What it takes, in numbers alone.
    prepare
        Makes its launch, on the caller's stream, with what such a chip has.
    """

    steps: int
    cycles: Cycles
    prepare: Callable[[Chip], Launch]


@dataclass
class _Group:
    """Calls that are done together: those that have not begun, launches that wait for further ones, and what calls gave, by number."""

    share: int
    ahead: list[tuple[int, Callable[[], Any]]]
    waiting: list[Launch] = field(default_factory=list)
    given: dict[int, Any] = field(default_factory=dict)

    def follow(self) -> None:
        """Begin with the calls ahead, one after the other: each goes on with the next where it comes to its loop."""
        while self.ahead:
            number, work = self.ahead.pop(0)
            self.given[number] = work()

    def takes(self, loop: Loop, chip: Chip) -> bool:
        """Whether there are others left for `loop` to run beside, and that is sooner than in turn."""
        if not self.ahead and not self.waiting:
            return False
        return loop.cycles(loop.steps, chip.share(self.share)) <= self.share * loop.cycles(loop.steps, chip)


_group: ContextVar[_Group | None] = ContextVar("group", default=None)
"""That of this thread's call: whatever launches a loop asks here, through drivers that know of one call only."""


_noted: ContextVar[list[Cycles] | None] = ContextVar("noted", default=None)


def noted(work: Callable[[], object]) -> tuple[Cycles, ...]:
    """What each loop takes that `work` comes to, a call of no steps: none is launched."""
    found = list[Cycles]()
    token = _noted.set(found)
    try:
        work()
    finally:
        _noted.reset(token)
    return tuple(found)


def apart(works: Sequence[Callable[[], R]]) -> list[R]:
    """What each of `works` returns; the first loops that they come to run side by side, where that is sooner than in turn."""
    group = _Group(len(works), list(enumerate(works)))
    token = _group.set(group)
    try:
        group.follow()
    finally:
        _group.reset(token)
    return [group.given[number] for number in range(len(works))]


def launch(library: ModuleType, loop: Loop) -> None:
    """Launch `loop` on the current stream of `library` with the whole device, or side by side with those of the calls beside."""
    noting = _noted.get()
    if noting is not None:
        noting.append(loop.cycles)
    if not loop.steps:
        return
    group, chip = _group.get(), chip_of(library)
    if group is None or not group.takes(loop, chip):
        loop.prepare(chip)()
        return
    group.waiting.append(loop.prepare(chip.share(group.share)))
    group.follow()
    launches, group.waiting = group.waiting, []
    if launches:  # else the last of the others has launched all
        _side_by_side(library, launches)


def _side_by_side(library: ModuleType, launches: Sequence[Launch]) -> None:
    own = library.cuda.get_current_stream()
    forked = [_forked(library, library.cuda.Device().id, own.ptr, number) for number in range(1, len(launches))]
    if forked:
        begun = own.record(_event(library))
    for stream in forked:
        stream.wait_event(begun)
    launches[0]()
    for stream, further in zip(forked, launches[1:], strict=True):
        with stream:
            further()
    for stream in forked:
        own.wait_event(stream.record(_event(library)))


def _event(library: ModuleType) -> Any:
    return library.cuda.Event(disable_timing=True)


@lru_cache(maxsize=256)
def _forked(library: ModuleType, _device: int, _pointer: int, _number: int) -> Any:
    """A stream beside another: one of its own, so that callers in different streams never wait for each other."""
    return library.cuda.Stream(non_blocking=True)
