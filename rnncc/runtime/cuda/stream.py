"""As `runtime.stream`, on a device: one time step a call, weights frozen, the state kept on the device between calls."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from rnncc.errors import ShapeError
from rnncc.runtime.batch import Batch, read_streams
from rnncc.runtime.cuda.flags import raise_failed
from rnncc.runtime.cuda.interop import Caller
from rnncc.runtime.frozen import PANELS
from rnncc.runtime.kernels import Array
from rnncc.runtime.stack import Stack
from rnncc.runtime.state import NO_PICKLE, PlaceStates, initial_states, leave_states


class DeviceStream:
    """A layer on a device that reads one step of `batch` sequences at a time.

    Made by `DeviceLayer.stream`: later writes to the layer's parameters and constants are not seen. One stream serves one thread at a
    time, in whichever CUDA stream the caller works: a step waits for the one before. The state is updated where it lies, so that a
    step that a CUDA graph has taken down goes on from step to step when it is launched again.
    """

    def __init__(self, stack: Stack, dtype: np.dtype[Any], caller: Caller, state: Mapping[str, object] | None = None) -> None:
        weights = tuple({**env, PANELS: replace(env[PANELS], made={}, computed={})} for env in stack.weights)
        self._stack = replace(stack, weights=weights)
        self._dtype, self._caller = dtype, caller
        self._batch = Batch(1, stack.sweep.batch, True, False, None, False, library=caller.library)
        self._home = self._last = caller.library.cuda.get_current_stream()
        self._states = initial_states(stack.geometry, dtype, self._batch, state, self._stack.weights, own=True)
        self._stack.infer(self._nothing(), self._states)  # packs weights and compiles kernels

    def __copy__(self) -> "DeviceStream":
        """A stream of the same frozen parameters that goes on from the state of now by itself."""
        with self._working(None) as caller:
            left = leave_states(self._stack.geometry, self._batch, self._states)
            return DeviceStream(self._stack, self._dtype, caller, left)

    def __deepcopy__(self, _memo: dict[int, Any]) -> "DeviceStream":
        return self.__copy__()

    def __reduce__(self) -> NoReturn:
        raise TypeError(NO_PICKLE)

    def reset(self, state: Mapping[str, object] | None = None) -> None:
        """Start anew from `state`, name -> (L, N, *axes), or from the cell's first values. Raises as a call of the layer."""
        with self._working(state) as caller:
            geometry, weights = self._stack.geometry, self._stack.weights
            self._assign(initial_states(geometry, self._dtype, self._batch, caller.taken(state, "state"), weights, own=False))

    @property
    def state(self) -> dict[str, Array]:
        """A copy of the state after the steps so far: name -> (L, N, *axes), as the caller of the last step works with it."""
        with self._working(None) as caller:
            left = leave_states(self._stack.geometry, self._batch, self._states)
            found: dict[str, Array] = caller.left({name: array.copy() for name, array in left.items()})
            return found

    def __call__(self, x: object) -> Array:
        """Output (N, O) of the next step.

        Parameters
        ----------
        x
            (N, I), or a dict of such arrays where the cell has several inputs.

        Raises
        ------
        ShapeError, DtypeError, ArgumentError, DeviceError
            Where `x` does not fit or lies elsewhere; the state is then as before.
        """
        with self._working(x) as caller:
            y, finals = self._stack.infer(self._read(caller.entered(x, "x")), self._states)
            self._assign(finals)
            found: Array = caller.issued(y[0])
            return found

    @contextmanager
    def _working(self, given: object) -> Iterator[Caller]:
        """For whoever gave `given`, or was the last to, in their stream."""
        raise_failed()
        if given is not None:
            self._caller = type(self._caller).of(self._caller.library, self._caller.device, given)
        with self._caller.working():
            cuda = self._caller.library.cuda
            own = cuda.get_current_stream()
            if own.ptr != self._last.ptr:
                own.wait_event(self._last.record(cuda.Event(disable_timing=True)))
                self._last = own
            yield self._caller
            if own.ptr != self._home.ptr:  # whose memory state and weights are
                self._home.wait_event(own.record(cuda.Event(disable_timing=True)))

    def _read(self, x: Any) -> dict[str, Array]:
        """`x` as streams of one step; what does not fit is refused."""
        library = self._caller.library
        given = {name: _ahead(library, v) for name, v in x.items()} if isinstance(x, Mapping) else _ahead(library, x)
        batch, arrays = read_streams(self._stack.geometry, self._dtype, False, given, None, library)
        if not batch.batched or batch.rows != self._batch.rows:
            found = arrays[self._stack.first].shape[1:]
            raise ShapeError(f"x: found shape {found}, expected a batch of {self._batch.rows} rows")
        return {name: batch.enter(array, own=False) for name, array in arrays.items()}

    def _nothing(self) -> dict[str, Array]:
        """A step of zeros."""
        cell, shape, library = self._stack.geometry.cell, self._stack.geometry.shape, self._batch.library
        kinds = {name: np.int64 if name in cell.indices else self._dtype for name, _ in cell.inputs}
        return {name: library.zeros((1, self._batch.rows, *shape(axes)), kinds[name]) for name, axes in cell.inputs}

    def _assign(self, values: PlaceStates) -> None:
        for own, given in zip(self._states, values, strict=True):
            for name, array in own.items():
                array[...] = given[name]


def _ahead(library: Any, value: Any) -> Any:
    """`value` with an axis for its one step; whatever is no array is refused later."""
    return value[None] if isinstance(value, library.ndarray) else value
