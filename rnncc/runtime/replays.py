"""Small calls that were made before, ready to be made again without Python (`runtime.replay`).

A call of few steps and rows is over sooner than Python has looked at its arrays. From the second call of a shape with unchanged
parameters and constants on, a layer replays it; so it does what it did, and results have the same bits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncc.runtime.geometry import Geometry
from rnncc.runtime.kernels import Array
from rnncc.runtime.parameters import ParameterStore
from rnncc.runtime.replay_cost import Cost, cost_at
from rnncc.runtime.settings import Settings

if TYPE_CHECKING:
    from rnncc.runtime.training_replays import TrainingReplays

_SHAPES = 4
"""How many shapes of calls a layer has replays of at a time."""

Weights = Sequence[Mapping[str, Any]]
Result = tuple[Array, dict[str, Array]]
State = Mapping[str, Array] | None
Call = Callable[[Array, State], Result]
"""Output (T, N, O) and final states by name of an input (T, N, I) and first states (L, N, *axes), None for those of the cell."""


def worth_replaying(x: Array, geometry: Geometry) -> bool:
    """Whether `x` (T, N, I) makes a small call."""
    alone = len(geometry.cell.inputs) == 1 and not geometry.cell.indices and not geometry.cell.memories
    return alone and geometry.directions == 1 and cost_of((x.shape[0], x.shape[1]), geometry, x.dtype).worth_replaying()


def cost_of(leading: tuple[int, int], geometry: Geometry, dtype: np.dtype[Any], *, training: bool = False) -> Cost:
    """What a call costs whose `leading` axes are T and N."""
    copied = (geometry.input_size + geometry.output_size) * dtype.itemsize * (2 if training else 1)
    return cost_at(*leading, geometry.row_work, geometry.num_layers, copied, training)


def training_replays(settings: Settings, store: ParameterStore) -> "TrainingReplays | None":
    """The replays of a layer in training; None where none can be: kernels alone have to make results, and nothing may be random."""
    if settings.device != "cpu" or not _can_replay_training(settings, store.geometry):
        return None
    from rnncc.runtime.training_replays import TrainingReplays  # here, since it binds kernels, which imports Numba

    return TrainingReplays(store)


def _can_replay_training(settings: Settings, geometry: Geometry) -> bool:
    cell, s = geometry.cell, settings
    by_kernels = not (
        cell.computes or cell.runs_back or cell.masks or cell.indices or cell.memories or any(state.learned for state in cell.states)
    )
    plain = s.checkpoint is None and s.truncate is None and not (s.residual or s.dropout or s.batch_first or s.bidirectional)
    return by_kernels and plain and len(cell.inputs) == 1


def plain(x: object, state: object, settings: Settings, geometry: Geometry) -> tuple[Array, State] | None:
    """`x` and `state` where they are just what kernels read: an array (T, N, I), and every state by name, (L, N, *axes), or None."""
    s = settings
    if (
        s.device != "cpu"
        or not isinstance(x, np.ndarray)
        or x.dtype != s.dtype
        or x.ndim != 3
        or x.shape[2] != s.input_size
        or s.batch_first
    ):
        return None
    if state is None:
        return x, None
    if not isinstance(state, Mapping) or state.keys() != {s.name for s in geometry.cell.states}:
        return None
    shapes = {s.name: (geometry.num_layers, x.shape[1], *geometry.shape(s.axes)) for s in geometry.cell.states}
    fit = all(isinstance(a, np.ndarray) and a.dtype == x.dtype and a.shape == shapes[name] for name, a in state.items())
    return (x, state) if fit else None


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
