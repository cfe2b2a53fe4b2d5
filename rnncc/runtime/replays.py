"""Small calls that were made before, ready to be made again without Python (`runtime.replay`).

A call of few steps and rows is over sooner than Python has looked at its arrays. From the second call of a shape with unchanged
parameters and constants on, a layer replays it; so it does what it did, and results have the same bits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import numpy as np

from rnncc.runtime.geometry import Geometry
from rnncc.runtime.kernels import Array

_WORTH = 3 << 19
"""Steps times rows times weights of a gate up to which one thread and no Python are sooner than several with it."""
_SHAPES = 4
"""How many shapes of calls a layer has replays of at a time."""

Weights = Sequence[Mapping[str, Any]]
Result = tuple[Array, dict[str, Array]]
State = Mapping[str, Array] | None
Call = Callable[[Array, State], Result]
"""Output (T, N, O) and final states by name of an input (T, N, I) and first states (L, N, *axes), None for those of the cell."""


def worth_replaying(x: Array, geometry: Geometry) -> bool:
    """Whether `x` (T, N, I) makes a small call."""
    work = x.shape[0] * x.shape[1] * geometry.hidden_size * (x.shape[2] + geometry.hidden_size)
    alone = len(geometry.cell.inputs) == 1 and not geometry.cell.indices and not geometry.cell.memories
    return 0 < work * geometry.num_layers <= _WORTH and geometry.directions == 1 and alone


def is_plain(state: object, geometry: Geometry, rows: int, dtype: np.dtype[Any]) -> TypeGuard[State]:
    """Whether `state` is None, or just what kernels read: every state by name, (L, N, *axes) in `dtype`."""
    if state is None:
        return True
    if not isinstance(state, Mapping) or state.keys() != {s.name for s in geometry.cell.states}:
        return False
    shapes = {s.name: (geometry.num_layers, rows, *geometry.shape(s.axes)) for s in geometry.cell.states}
    return all(isinstance(a, np.ndarray) and a.dtype == dtype and a.shape == shapes[name] for name, a in state.items())


@dataclass(frozen=True)
class _Kept:
    """What calls of one shape were made with, and replays of them that nobody is running."""

    weights: Weights
    constants: Mapping[str, float]
    idle: list[Call] = field(default_factory=list)

    def serves(self, weights: Weights, constants: Mapping[str, float]) -> bool:
        """Weights are the same objects as long as they are unchanged."""
        return self.constants == constants and all(a is b for a, b in zip(self.weights, weights, strict=True))

    def take(self) -> Call | None:
        try:
            return self.idle.pop()
        except IndexError:
            return None


@dataclass(frozen=True)
class Replays:
    """The replays of one layer. A call takes one and gives it back, so that callers at once each have their own."""

    _kept: dict[tuple[int, ...], _Kept] = field(default_factory=dict)

    def call(self, x: Array, state: State, weights: Weights, constants: Mapping[str, float], make: Callable[[], Call]) -> Result | None:
        """What the layer gives for `x` (T, N, I) from `state` on; None where no such call came before.

        `make` binds one, of the shape of `x`, to these weights and constants.
        """
        kept = self._kept.get(x.shape)
        if kept is None or not kept.serves(weights, constants):
            self._expect(x.shape, _Kept(weights, dict(constants)))
            return None
        replay = kept.take() or make()
        result = replay(x, state)
        kept.idle.append(replay)
        return result

    def _expect(self, shape: tuple[int, ...], kept: _Kept) -> None:
        self._kept[shape] = kept
        for old in list(self._kept)[:-_SHAPES]:
            self._kept.pop(old, None)
