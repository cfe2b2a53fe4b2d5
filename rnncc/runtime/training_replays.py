"""Small calls in training that were made before, ready to be made again without Python (`runtime.training_replay`).

From the second call of a shape on a layer replays it, whether parameters have changed or not. Of several pullbacks at once the first
few have arrays of their own; further calls are made as the first one was, with the same bits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np

from rnncc.runtime.batch import Batch
from rnncc.runtime.frozen import Frozen
from rnncc.runtime.kernels import Array
from rnncc.runtime.parameters import ParameterStore
from rnncc.runtime.pullback import Gradients, Pullback
from rnncc.runtime.replays import Plain, cost_of
from rnncc.runtime.stack import Stack
from rnncc.runtime.state import initial_states, state_cotangents
from rnncc.runtime.training_replay import States, TrainingReplay, bind_training

_LARGEST = 3 << 18
"""Parameters of a layer beyond which packing them takes longer than Python, and replays more memory than they are worth."""
_SHAPES = 2
"""How many shapes of calls a layer has replays of at a time …"""
_AT_ONCE = 2
"""… and how many of each: a loop makes its next call while it has the pullback of the last."""

Make = Callable[[], TrainingReplay]


class Hold:
    """A replay that belongs to one call, until nobody holds this; copies of a pullback share it."""

    def __init__(self, replay: TrainingReplay, idle: list[TrainingReplay]) -> None:
        self.replay, self._idle = replay, idle

    def __del__(self) -> None:
        self._idle.append(self.replay)


@dataclass(frozen=True)
class ReplayedPullback(Pullback):
    """The pullback of a call that was replayed."""

    hold: Hold

    def __call__(self, dy: object, dstate: Mapping[str, object] | None = None) -> Gradients:
        """As of any pullback."""
        dfinals = None if dstate is None else state_cotangents(self.stack.geometry, self.dtype, self.batch, dstate)
        return Gradients(*self.hold.replay.backward(self._entered(dy), dfinals))


@dataclass
class _Kept:
    """What calls of one shape were made with, their replays that nobody holds, and how many there are."""

    constants: Mapping[str, float]
    idle: list[TrainingReplay] = field(default_factory=list)
    made: int = 0

    def take(self, weights: Sequence[Frozen], make: Make) -> TrainingReplay | None:
        """One that has these weights rather than another, and a new one where none is idle; None where there are enough.

        The one that was given back last has its arrays in the cache still.
        """
        for k in reversed(range(len(self.idle))):
            if self.idle[k].holds(weights):
                return self.idle.pop(k)
        if self.idle:
            return self.idle.pop()
        if self.made == _AT_ONCE:
            return None
        replay = make()
        self.made += 1
        return replay


class TrainingReplays:
    """The replays of one layer in training; `plain` says what can be replayed, `store` holds its parameters."""

    def __init__(self, plain: Plain, store: ParameterStore) -> None:
        self._plain, self._store, self._trained = plain, store, tuple(store.trained())
        self._parameters = sum(master.size for master in store.masters)
        self._kept: dict[tuple[int, ...], _Kept] = {}
        self._lock = Lock()

    def call(
        self, x: object, state: Any, constants: Mapping[str, float], stack: Callable[[Batch], Stack]
    ) -> tuple[tuple[Array, States], Pullback] | None:
        """What `vjp` gives for `x` from `state` on.

        None where that is no small call, no such call came before, or enough of them have their pullbacks still. `stack` makes one of
        these constants.
        """
        if not isinstance(x, np.ndarray) or x.dtype != self._plain.dtype:
            return None
        if (x.shape not in self._kept and not self._is_small(x.shape)) or not self._plain.takes(state, x.shape[1]):
            return None
        weights, batch = self._store.settled(), Batch(x.shape[0], x.shape[1], True, False, None, False)
        hold = self._take(x.shape, weights, constants, lambda: self._bound(batch, stack(batch)))
        if hold is None:
            return None
        replay = hold.replay
        result = replay.forward(x, state, weights)
        return result, ReplayedPullback(replay.stack, replay.tape, batch, self._trained, x.dtype, state is None, hold)

    def _is_small(self, shape: tuple[int, ...]) -> bool:
        if not self._plain.fits(shape) or self._parameters > _LARGEST:
            return False
        return cost_of((shape[0], shape[1]), self._store.geometry, self._plain.dtype, training=True).worth_replaying()

    def _take(self, shape: tuple[int, ...], weights: Sequence[Frozen], constants: Mapping[str, float], make: Make) -> Hold | None:
        with self._lock:
            kept = self._kept.get(shape)
            if kept is None or kept.constants != constants:
                self._expect(shape, _Kept(dict(constants)))
                return None
            replay = kept.take(weights, make)
        return None if replay is None else Hold(replay, kept.idle)

    def _expect(self, shape: tuple[int, ...], kept: _Kept) -> None:
        self._kept[shape] = kept
        for old in list(self._kept)[:-_SHAPES]:
            del self._kept[old]

    def _bound(self, batch: Batch, stack: Stack) -> TrainingReplay:
        dtype = self._store.masters[0].dtype
        initial = initial_states(stack.geometry, dtype, batch, None, stack.weights, own=True)
        return bind_training(stack, self._store, dtype, initial, state_cotangents(stack.geometry, dtype, batch, None))
