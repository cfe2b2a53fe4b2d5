"""Gradients of one call of a layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from rnncc.runtime.batch import Batch
from rnncc.runtime.batch_means import means_of
from rnncc.runtime.footprint import held_bytes
from rnncc.runtime.frozen import held
from rnncc.runtime.geometry import Place
from rnncc.runtime.given import as_floats, expect_shape
from rnncc.runtime.kernels import Array
from rnncc.runtime.memories import leave_memory
from rnncc.runtime.stack import RawGradients, Stack, Tape
from rnncc.runtime.state import leave_state_gradients, state_cotangents


@dataclass(frozen=True)
class Gradients:
    """Gradients of a scalar.

    Parameters
    ----------
    x
        As `x` was given: an array of its shape, or a dict of them, memories among them; None for whole numbers.
    state
        State name -> (L*D, N, *axes), by the first states; the number of the step has none.
    params
        `l0.W` … -> array of the parameter's shape; frozen parameters have none.
    """

    x: Array | dict[str, Array | None] | None
    state: dict[str, Array]
    params: dict[str, Array]


@dataclass(frozen=True)
class Pullback:
    """What `Layer.vjp` gives: cotangents of its results in, gradients out. May be called again, from any thread."""

    stack: Stack
    tape: Tape
    batch: Batch
    trained: tuple[tuple[Place, str], ...]
    dtype: np.dtype[Any]
    began: bool
    """States began with the cell's own first values, learned ones among them."""

    @property
    def nbytes(self) -> int:
        """Bytes kept for the backward pass: inputs, states, residuals, masks, and the parameters of the call."""
        kept = [array for level in self.tape for array in level.arrays()]
        return held_bytes([*kept, *(array for weights in self.stack.weights for array in held(weights))])

    @property
    def batch_means(self) -> dict[str, Array]:
        """`l0.mean` … -> what the call read for each `cell.batch_mean` of the spec: the mean over the live steps of all its rows.

        Empty where a cell has none, where `train` was False, and where no step is alive. See `Layer.update_batch_means`.
        """
        return means_of(self.stack, self.tape)

    def __call__(self, dy: object, dstate: Mapping[str, object] | None = None) -> Gradients:
        """Gradients of ⟨dy, y⟩ + ⟨dstate, state⟩.

        Parameters
        ----------
        dy
            Of the shape and dtype of `y`, or None for zero. What it holds past a sequence's length has no effect.
        dstate
            State name -> array of the shape of the final state; a missing key or None is zero.

        Raises
        ------
        ShapeError, DtypeError, ArgumentError
            Where `dy` or `dstate` do not fit `y` and `state`.
        """
        geometry = self.stack.geometry
        dfinals = state_cotangents(geometry, self.dtype, self.batch, dstate)
        raw = self.stack.backward(self.tape, self._entered(dy), dfinals)
        if self.began:
            self._pull_to_parameters(raw)
        params = {place.prefix + name: raw.parameters[place.index][name] for place, name in self.trained}
        return Gradients(self._inputs(raw), leave_state_gradients(geometry, self.batch, raw.states), params)

    def _pull_to_parameters(self, raw: RawGradients) -> None:
        """First states that are parameters: what every row adds to their gradients."""
        for states, parameters in zip(raw.states, raw.parameters, strict=True):
            for s in self.stack.geometry.cell.states:
                if s.learned is not None:
                    parameters[s.learned] = parameters[s.learned] + states[s.name].sum(axis=0)

    def _entered(self, dy: object) -> Array:
        features = self.stack.geometry.directions * self.stack.geometry.output_size
        if dy is None:
            return self.batch.library.zeros((self.batch.steps, self.batch.rows, features), self.dtype)
        sizes, names = self.batch.leading
        array = as_floats(dy, self.dtype, "dy", self.batch.library)
        expect_shape(array, (*sizes, features), (*names, "output"), "dy")
        return self.batch.enter(array, own=False)

    def _memories(self, raw: RawGradients) -> dict[str, Array | None]:
        """What all places add to the gradient of each memory."""
        names = [m.name for m in self.stack.geometry.cell.memories]
        return {name: leave_memory(self.batch, reduce(add, [place[name] for place in raw.parameters])) for name in names}

    def _inputs(self, raw: RawGradients) -> Array | dict[str, Array | None] | None:
        geometry = self.stack.geometry
        leading = (self.batch.steps, self.batch.rows)
        shaped = {n: raw.streams[n].reshape(*leading, *geometry.shape(axes)) for n, axes in geometry.cell.inputs if n in raw.streams}
        left = {name: self.batch.leave(array) for name, array in shaped.items()}
        spread = {name: array[..., None] if name in self.batch.single else array for name, array in left.items()}
        gradients = {name: spread.get(name) for name, _ in geometry.cell.inputs} | self._memories(raw)
        return gradients if self.batch.by_name else gradients[geometry.cell.inputs[0][0]]
