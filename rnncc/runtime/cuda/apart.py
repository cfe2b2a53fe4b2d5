"""As `runtime.apart`, on a device: two directions whose time loops run at once.

A time loop waits for itself at every step, and leaves a device idle meanwhile. So where the first direction comes to its loop, the
second is followed up to its own, and both are launched side by side: the second on a stream that is forked from the caller's and joined
to it by events, which a CUDA graph takes down as well. All else, memory above all, is of the caller's stream alone.

Blocks that wait for each other must run at once, those of both loops together. Each loop is planned for half of the multiprocessors,
none of which is too small for a block: whichever are taken for one loop, as many as the other needs are free of it.
"""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from types import ModuleType
from typing import Any, TypeVar

R = TypeVar("R")
Launch = Callable[[], None]


@dataclass
class _Pair:
    """The second direction: how to follow it, the launch that it is to come to meanwhile, and what it gave."""

    follow: Callable[[], Any]
    begun: bool = False
    waiting: Launch | None = None
    given: list[Any] = field(default_factory=list)


_pair: ContextVar[_Pair | None] = ContextVar("pair", default=None)
"""That of this thread's call: whatever launches a loop asks here, through drivers that know of one direction only."""


def apart(works: Sequence[Callable[[], R]]) -> list[R]:
    """What each of two `works` returns; the first loops that they come to run side by side, where that is sooner than in turn."""
    first, second = works
    pair = _Pair(second)
    token = _pair.set(pair)
    try:
        given = first()
    finally:
        _pair.reset(token)
    return [given, *(pair.given if pair.begun else [second()])]


def launch(library: ModuleType, sooner: bool, alone: Callable[[], Launch], beside: Callable[[], Launch]) -> None:
    """Launch a loop on the current stream of `library`, or side by side with that of the other direction.

    Parameters
    ----------
    sooner
        Whether two of this kind are done sooner beside each other than in turn.
    alone, beside
        What prepares the launch, on the caller's stream: with the whole device, or with half of it.
    """
    pair = _pair.get()
    if pair is not None and pair.waiting is not None:
        other, pair.waiting = pair.waiting, None
        _side_by_side(library, other, beside())
    elif pair is None or pair.begun or not sooner:
        alone()()
    else:
        pair.begun, pair.waiting = True, beside()
        pair.given.append(pair.follow())
        if pair.waiting is not None:  # the other direction had no loop
            pair.waiting()


def _side_by_side(library: ModuleType, one: Launch, other: Launch) -> None:
    own = library.cuda.get_current_stream()
    forked = _forked(library, library.cuda.Device().id, own.ptr)
    forked.wait_event(own.record(_event(library)))
    one()
    with forked:
        other()
    own.wait_event(forked.record(_event(library)))


def _event(library: ModuleType) -> Any:
    return library.cuda.Event(disable_timing=True)


@lru_cache(maxsize=64)
def _forked(library: ModuleType, _device: int, _pointer: int) -> Any:
    """The stream beside another: one of its own, so that callers in different streams never wait for each other."""
    return library.cuda.Stream(non_blocking=True)
