"""Calls that were made before, ready to be made again without Python (`runtime.replay`).

A call of few steps and rows is over sooner than Python has looked at its arrays, and behind megabytes of weights Python's own code is
in no cache. From the second call of a shape with unchanged parameters and constants on, a layer replays it, unless too much goes in and
out; so it does what it did, and results have the same bits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncc.runtime.cached import Cached
from rnncc.runtime.frozen import Frozen
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.kernels import Array
from rnncc.runtime.parameters import ParameterStore
from rnncc.runtime.replay_cost import Cost, cost_at
from rnncc.runtime.settings import Settings

if TYPE_CHECKING:
    from rnncc.runtime.training_replays import TrainingReplays

_SHAPES = 4
"""How many shapes of calls a layer has replays of at a time."""

Weights = tuple[Frozen, ...]
Result = tuple[Array, dict[str, Array]]
State = Mapping[str, Array] | None
Shape = tuple[int, ...]
Call = Callable[[Array, State], Result]
"""Output (T, N, O) and final states by name of an input (T, N, I) and first states (L, N, *axes), None for those of the cell."""


def cost_of(leading: tuple[int, int], geometry: Geometry, dtype: np.dtype[Any], *, training: bool = False) -> Cost:
    """What a call costs whose `leading` axes are T and N."""
    copied = (geometry.input_size + geometry.output_size) * dtype.itemsize * (2 if training else 1)
    return cost_at(*leading, geometry.row_work, geometry.num_layers, copied, training)


def replays(settings: Settings, store: ParameterStore) -> "Replays | None":
    """The replays of a layer in evaluation; None where none can be: it has one input, of floats, and one direction."""
    cell, s = store.geometry.cell, settings
    one = len(cell.inputs) == 1 and not cell.indices and not cell.memories and not s.bidirectional
    return Replays(Plain(s, store.geometry), store) if one and s.device == "cpu" and not s.batch_first else None


def training_replays(settings: Settings, store: ParameterStore) -> "TrainingReplays | None":
    """The replays of a layer in training; None where none can be: kernels alone have to make results, and nothing may be random."""
    if settings.device != "cpu" or not _can_replay_training(settings, store.geometry):
        return None
    from rnncc.runtime.training_replays import TrainingReplays  # here, since it binds kernels, which imports Numba

    return TrainingReplays(Plain(settings, store.geometry), store)


def _can_replay_training(settings: Settings, geometry: Geometry) -> bool:
    cell, s = geometry.cell, settings
    by_kernels = not (
        cell.computes or cell.runs_back or cell.masks or cell.indices or cell.memories or any(state.learned for state in cell.states)
    )
    plain = s.checkpoint is None and s.truncate is None and not (s.residual or s.dropout or s.batch_first or s.bidirectional)
    return by_kernels and plain and len(cell.inputs) == 1


@dataclass(frozen=True)
class Plain:
    """Which arguments are just what kernels read, so that they need only be copied."""

    settings: Settings
    geometry: Geometry

    @Cached
    def dtype(self) -> np.dtype[Any]:
        """Of inputs and states."""
        return self.settings.dtype

    @Cached
    def _axes(self) -> dict[str, Shape]:
        """State -> sizes of its axes."""
        return {s.name: self.geometry.shape(s.axes) for s in self.geometry.cell.states}

    def fits(self, shape: Shape) -> bool:
        """Whether an input of this shape is (T, N, I)."""
        return len(shape) == 3 and shape[2] == self.settings.input_size

    def takes(self, state: object, rows: int) -> bool:
        """Whether `state` is None, or has every state by name as an array (L, N, *axes), N being `rows`."""
        if state is None:
            return True
        if not isinstance(state, Mapping) or len(state) != len(self._axes):
            return False
        leading = (self.geometry.num_layers, rows)
        given = ((state.get(name), axes) for name, axes in self._axes.items())
        return all(isinstance(a, np.ndarray) and a.dtype == self.dtype and a.shape == leading + axes for a, axes in given)


@dataclass(frozen=True)
class _Kept:
    """What calls of one shape were made with, and replays of them that nobody is running."""

    weights: Weights
    constants: Mapping[str, float]
    idle: list[Call] = field(default_factory=list)

    def take(self) -> Call | None:
        try:
            return self.idle.pop()
        except IndexError:
            return None


@dataclass(frozen=True)
class Replays:
    """The replays of one layer. A call takes one and gives it back, so that callers at once each have their own.

    Parameters
    ----------
    plain
        What can be replayed.
    store
        The layer's parameters.
    """

    plain: Plain
    store: ParameterStore
    _kept: dict[Shape, _Kept] = field(default_factory=dict)

    def call(self, x: object, state: Any, constants: Mapping[str, float], make: Callable[[int, int], Call]) -> Result | None:
        """What the layer gives for `x` from `state` on; None where too much goes in and out, or no such call came before.

        `make` binds one of so many steps and rows to the parameters and constants of now.
        """
        if not isinstance(x, np.ndarray) or x.dtype != self.plain.dtype:
            return None
        kept = self._kept.get(x.shape)
        if kept is None and not self._is_small(x.shape):
            return None
        weights = self.store.settled()
        if kept is None or kept.weights is not weights or kept.constants != constants:
            self._expect(x.shape, _Kept(weights, dict(constants)))
            return None
        if not self.plain.takes(state, x.shape[1]):
            return None
        replay = kept.take() or make(*x.shape[:2])
        result = replay(x, state)
        kept.idle.append(replay)
        return result

    def _is_small(self, shape: Shape) -> bool:
        return self.plain.fits(shape) and cost_of((shape[0], shape[1]), self.plain.geometry, self.plain.dtype).worth_replaying()

    def _expect(self, shape: Shape, kept: _Kept) -> None:
        self._kept[shape] = kept
        for old in list(self._kept)[:-_SHAPES]:
            self._kept.pop(old, None)
