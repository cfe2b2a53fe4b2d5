"""Step by step: one time step a call, weights frozen, the state kept between calls."""

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from rnncc.errors import ShapeError
from rnncc.runtime.batch import Batch, read_streams
from rnncc.runtime.kernels import Array
from rnncc.runtime.replay import bind
from rnncc.runtime.stack import Stack
from rnncc.runtime.state import NO_PICKLE, PlaceStates, initial_states, leave_states


class Stream:
    """A layer that reads one step of `batch` sequences at a time.

    Made by `Layer.stream`: later writes to the layer's parameters and constants are not seen. One stream serves one thread at a time.
    Everything that a step needs is bound when the stream is made: a step copies its input, replays a record and copies its output.
    """

    def __init__(self, stack: Stack, dtype: np.dtype[Any], state: Mapping[str, object] | None = None) -> None:
        self._stack = stack
        self._dtype = dtype
        self._batch = Batch(1, stack.sweep.batch, True, False, None, False)
        self._states = initial_states(stack.geometry, dtype, self._batch, state, stack.weights, own=True)
        self._replay = bind(stack, dtype, self._states, onwards=True)
        self._inputs, self._y = self._replay.inputs, self._replay.y[0]
        self._x = self._inputs[stack.first][0]
        self._shape = None if len(self._inputs) > 1 or stack.geometry.cell.indices else self._x.shape

    def __copy__(self) -> "Stream":
        """A stream of the same frozen parameters that goes on from the state of now by itself."""
        return Stream(self._stack, self._dtype, self.state)

    def __deepcopy__(self, _memo: dict[int, Any]) -> "Stream":
        return self.__copy__()

    def reset(self, state: Mapping[str, object] | None = None) -> None:
        """Start anew from `state`, name -> (L, N, *axes), or from the cell's first values. Raises as a call of the layer."""
        stack = self._stack
        _assign(self._states, initial_states(stack.geometry, self._dtype, self._batch, state, stack.weights, own=False))

    @property
    def state(self) -> dict[str, Array]:
        """A copy of the state after the steps so far: name -> (L, N, *axes)."""
        left = leave_states(self._stack.geometry, self._batch, self._states)
        return {name: array.copy() for name, array in left.items()}

    def __call__(self, x: object) -> Array:
        """Output (N, O) of the next step.

        Parameters
        ----------
        x
            (N, I), or a dict of such arrays where the cell has several inputs.

        Raises
        ------
        ShapeError, DtypeError, ArgumentError
            Where `x` does not fit; the state is then as before.
        """
        if type(x) is np.ndarray and x.shape == self._shape and x.dtype == self._dtype:
            self._x[...] = x
        else:
            self._read(x)
        self._replay.run()
        return self._y.copy()

    def __reduce__(self) -> NoReturn:
        """The record of a step holds addresses of this process."""
        raise TypeError(NO_PICKLE)

    def _read(self, x: object) -> None:
        """Whatever else means a step: lists, other byte orders, several inputs; and what does not fit."""
        steps = {k: np.asarray(v)[None] for k, v in x.items()} if isinstance(x, Mapping) else np.asarray(x)[None]
        batch, arrays = read_streams(self._stack.geometry, self._dtype, False, steps, None)
        if not batch.batched or batch.rows != self._batch.rows:
            found = arrays[self._stack.first].shape[1:]
            raise ShapeError(f"x: found shape {found}, expected a batch of {self._batch.rows} rows")
        for name, array in arrays.items():
            self._inputs[name][...] = array


def _assign(states: PlaceStates, values: PlaceStates) -> None:
    for own, given in zip(states, values, strict=True):
        for name, array in own.items():
            array[...] = given[name]
