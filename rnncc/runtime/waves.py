"""Layers of a stack a segment of time behind each other, each by a thread of its own.

Where rows are too few for a tile a thread, threads that go through a stack layer by layer share the units of each and meet in every
step. But a layer can begin as soon as the one that it reads has the first steps: then threads meet once a segment, and each keeps
reading the same weights. Forward the lowest layer leads, backward the highest.

Only what is taken down can be ordered so. A layer is taken down for all of time and cut afterwards: what goes step by step into
segments, what precedes the first step ahead of all of them, final states and sums over time behind them, so that these add in the same
order. The results have the same bits.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.errors import InternalError
from rnncc.runtime.record import Record
from rnncc.runtime.replay_cost import Cost
from rnncc.runtime.sweep import Sweep

Array = NDArray[Any]


@contextmanager
def taken_down(record: Record, sweep: Sweep, cost: Cost, varying: list[Array], *, against: bool = False) -> Iterator[Sweep]:
    """The sweep for which a stack is to be called so that `record` takes down what it does: in waves, where these cost less.

    Parameters
    ----------
    record
        Of as many threads as are to go through it.
    sweep
        Of the stack: one direction, no lengths.
    cost
        Of the call.
    varying
        The arrays (T, N, …) that the stack is given; those that it makes are added.
    against
        Whether the steps run from the last to the first, as in a backward pass.
    """
    if not cost.waves(record.threads):
        yield replace(sweep, threads=record.threads, record=record)
        return
    layers = list[_Layer]()
    layers += (_Layer(sweep.steps, sweep.batch, against, varying, layers) for _ in range(cost.layers))
    yield replace(sweep, threads=1, record=layers[0])
    _settle(record, layers, [*range(0, sweep.steps, cost.segment), sweep.steps])


class _Once:
    """What one layer does before its first step, or after its last."""

    def __init__(self) -> None:
        self.lines: list[Callable[[Record], None]] = []

    def call(self, function: Callable[..., Any], bounds: Sequence[int], *arguments: Any, writes: Sequence[Array] | None = None) -> None:
        self.lines.append(lambda record: record.call(function, bounds, *arguments, writes=writes))

    def copy(self, target: Array, source: Array) -> None:
        self.lines.append(lambda record: record.copy(target, source))


@dataclass(frozen=True)
class _Layer:
    """What one layer does, to be cut in time.

    Parameters
    ----------
    steps, rows
        T and N.
    against
        Whether the steps run from the last to the first.
    varying
        The arrays whose first axis is time, of all layers.
    layers
        All layers of the stack, from the lowest up.
    """

    steps: int
    rows: int
    against: bool
    varying: list[Array]
    layers: "list[_Layer]"
    before: _Once = field(default_factory=_Once)
    after: _Once = field(default_factory=_Once)
    pieces: list[Callable[[Record, int, int], None]] = field(default_factory=list)
    """Each takes down the steps [first, last) of a line."""
    made: list[Array] = field(default_factory=list)
    """Those of `varying` that this layer makes: it writes no other's."""

    def of(self, layer: int) -> "_Layer":
        return self.layers[layer]

    def varies(self, array: Array) -> None:
        self.varying.append(array)
        self.made.append(array)

    def shares(self, number: int) -> list[int]:
        return [0, number]

    def copy(self, target: Array, source: Array) -> None:
        self.pieces.append(lambda record, first, last: record.copy(target[first:last], source[first:last]))

    def call_meeting(self, function: Callable[..., Any], count: int, *arguments: Any) -> None:
        raise InternalError(f"{function.__name__}: a layer is done by one thread of a wave, which has nobody to meet")

    def call(self, function: Callable[..., Any], bounds: Sequence[int], *arguments: Any) -> None:
        arrays = [a for a in arguments if isinstance(a, np.ndarray)]
        in_time = {id(a) for a in arrays if _lies_in(a, self.varying)}
        others = {id(a) for a in arrays if id(a) in in_time and not _lies_in(a, self.made)}

        def piece(record: Record, first: int, last: int) -> None:
            rows = (last - first) * self.rows if bounds[-1] > self.rows else self.rows
            given = [self._cut(a, first, last) if id(a) in in_time else a for a in arguments]
            written = [g for a, g in zip(arguments, given, strict=True) if isinstance(a, np.ndarray) and id(a) not in others]
            record.call(function, [0, rows], *given, writes=[self._written(g, last - first) for g in written])

        self.pieces.append(piece)

    def _cut(self, array: Array, first: int, last: int) -> Array:
        """The steps [first, last) of a stream (T, …), of the rows (1, T * N, …) of one, or of a trajectory (T + 1, …)."""
        if len(array) == 1:
            return array[:, first * self.rows : last * self.rows]
        return array[first : last + len(array) - self.steps]

    def _written(self, array: Array, steps: int) -> Array:
        """What so many steps may write of what they are given: of a trajectory (steps + 1, …) not the values before the first."""
        if len(array) != steps + 1 or not _lies_in(array, self.made):
            return array
        return array[:-1] if self.against else array[1:]


def _settle(record: Record, layers: Sequence[_Layer], bounds: Sequence[int]) -> None:
    """Everything into `record`, cut at `bounds`; of a wave first whoever is behind: it reads what others made one wave ago."""
    turn = -1 if layers[0].against else 1
    segments, order = list(pairwise(bounds))[::turn], list(enumerate(layers))[::turn]
    for number, layer in order:
        _once(record, number, layer.before)
    for wave in range(len(segments) + len(order) - 1):
        for behind, (number, layer) in reversed(list(enumerate(order))):
            if 0 <= wave - behind < len(segments):
                with record.by(number % record.threads):
                    for piece in layer.pieces:
                        piece(record, *segments[wave - behind])
    for number, layer in order:
        _once(record, number, layer.after)


def _once(record: Record, number: int, once: _Once) -> None:
    with record.by(number % record.threads):
        for line in once.lines:
            line(record)


def _lies_in(array: Array, arrays: list[Array]) -> bool:
    """Whether it is part of the memory of one of them."""
    return any(np.may_share_memory(array, other) for other in arrays)
