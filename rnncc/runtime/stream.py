"""Step by step: one time step a call, weights frozen, the state kept between calls."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnncc.errors import ArgumentError, ShapeError
from rnncc.runtime.batch import Batch, read_streams
from rnncc.runtime.kernels import Array
from rnncc.runtime.stack import Stack
from rnncc.runtime.state import initial_states, leave_states


class Stream:
    """A layer that reads one step of `batch` sequences at a time.

    Made by `Layer.stream`: later writes to the layer's parameters and constants are not seen. One stream serves one thread at a time.
    """

    def __init__(self, stack: Stack, dtype: np.dtype[Any]) -> None:
        if stack.geometry.directions == 2:
            raise ArgumentError("a bidirectional layer cannot read step by step: its reverse direction begins at the end")
        self._stack = stack
        self._dtype = dtype
        self._batch = Batch(1, stack.sweep.batch, True, False, None, False)
        self.reset()

    def reset(self, state: Mapping[str, object] | None = None) -> None:
        """Start anew from `state`, name -> (L, N, *axes), or from the cell's first values. Raises as a call of the layer."""
        self._states = initial_states(self._stack.geometry, self._dtype, self._batch, state, own=True)

    @property
    def state(self) -> dict[str, Array]:
        """A copy of the state after the steps so far: name -> (L, N, *axes)."""
        return leave_states(self._stack.geometry, self._batch, self._states)

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
        steps = {k: np.asarray(v)[None] for k, v in x.items()} if isinstance(x, Mapping) else np.asarray(x)[None]
        batch, arrays = read_streams(self._stack.geometry, self._dtype, False, steps, None)
        if not batch.batched or batch.rows != self._batch.rows:
            found = arrays[self._stack.first].shape[1:]
            raise ShapeError(f"x: found shape {found}, expected a batch of {self._batch.rows} rows")
        y, self._states = self._stack.infer(arrays, self._states)
        return y[0]
