"""Which contenders take part, and how many cores they may use."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rnncc.bench.contender import Maker
from rnncc.bench.peers import CONTENDERS, OWN, PEERS
from rnncc.errors import ArgumentError
from rnncc.runtime.settings import usable_cores
from rnncc.suggest import close

NONE = "none"


def chosen_makers(wanted: Sequence[str]) -> dict[str, Maker]:
    """Makers of this package's contender and the `wanted` peers, by name; nothing wanted: every peer that is installed.

    Raises `ArgumentError` for a name that is no peer's, and for a wanted one that is not installed.
    """
    for name in wanted:
        if name not in PEERS and name != NONE:
            raise ArgumentError(f"unknown peer {name!r}; {close(name, [*PEERS, NONE])}")
        if name != NONE and PEERS[name].missing():
            raise ArgumentError(
                f"peer {name} needs {' and '.join(PEERS[name].missing())}: pip install {' '.join(PEERS[name].missing())}"
            )
    names = [name for name in PEERS if (name in wanted if wanted else name not in missing_peers())]
    return {name: CONTENDERS[name].load() for name in (OWN, *names)}


def missing_peers() -> Mapping[str, list[str]]:
    """Peers that cannot take part, each with the packages that are not installed."""
    return {name: library.missing() for name, library in PEERS.items() if library.missing()}


@contextmanager
def held_to(threads: int) -> Iterator[None]:
    """Let this process use only `threads` of its cores, so that libraries that count cores count as many.

    Raises `ArgumentError` where it has fewer. A library that has been imported before keeps the threads it has.
    """
    if threads > usable_cores():
        raise ArgumentError(f"--threads {threads}: this process may use {usable_cores()} cores; ask for as many at most")
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:threads])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
