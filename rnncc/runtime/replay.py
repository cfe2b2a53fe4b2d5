"""A call bound to arrays of its own: inputs are copied into them, a record of what the call does is replayed, results are copied.

Where the output is large the caller's input, and a new array for the output, are exchanged for the call's own instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnncc.runtime.aligned import LARGE, copied
from rnncc.runtime.bound import Streams
from rnncc.runtime.exchange import Exchange
from rnncc.runtime.kernels import Array
from rnncc.runtime.record import Record
from rnncc.runtime.replays import cost_of
from rnncc.runtime.stack import Stack
from rnncc.runtime.state import PlaceStates
from rnncc.runtime.waves import taken_down


@dataclass(eq=False)
class Replay:
    """`Stack.infer` bound to arrays.

    Parameters
    ----------
    stack
        What it does; never bidirectional.
    inputs, initial
        What is written before a run: (T, N, …) by name, and the first states by place.
    first
        A copy of the first states, with which a call begins.
    y, finals
        What a run writes: (T, N, O), and the final states, name -> (L, N, *axes); of a run that goes onwards these are `initial`.
    record
        Everything that a run does.
    run
        Does it.
    exchange
        Of the input and `y` for those of a call; None: they are copied.
    """

    stack: Stack
    inputs: Streams
    initial: PlaceStates
    first: PlaceStates
    y: Array
    finals: dict[str, Array]
    record: Record
    run: Callable[[], None]
    exchange: Exchange | None
    began: bool = True
    """Whether `initial` holds the first states still."""

    def __call__(self, x: Array, state: Mapping[str, Array] | None = None) -> tuple[Array, dict[str, Array]]:
        """Output (T, N, O) and final states, name -> (L, N, *axes), of an input (T, N, I).

        It begins with `state`, name -> (L, N, *axes), or with the cell's first values.
        """
        y = self._enter(x)
        if state is not None or not self.began:
            self._begin(state)
        self.run()
        return copied(self.y) if y is None else y, {name: array.copy() for name, array in self.finals.items()}

    def _enter(self, x: Array) -> Array | None:
        """Hand `x` over; the array that the output will be written to, None: `y`."""
        if self.exchange is not None:
            return self.exchange.swap(x)
        self.inputs[self.stack.first][...] = x
        return None

    def _begin(self, state: Mapping[str, Array] | None) -> None:
        for place, own in enumerate(self.initial):
            for name, array in own.items():
                array[...] = self.first[place][name] if state is None else state[name][place]
        self.began = state is None


def bind(stack: Stack, dtype: np.dtype[Any], initial: PlaceStates, *, onwards: bool = False) -> Replay:
    """A call of `stack`, without lengths, bound to arrays of its own and to `initial`, which a run that goes `onwards` takes on."""
    sweep, geometry = stack.sweep, stack.geometry
    inputs = {
        name: np.zeros((sweep.steps, sweep.batch, *geometry.shape(axes)), np.int64 if name in geometry.cell.indices else dtype)
        for name, axes in geometry.cell.inputs
    }
    cost = cost_of((sweep.steps, sweep.batch), geometry, dtype)
    threads = cost.threads(sweep.threads)
    record = Record(threads, waits=cost.waits(threads))
    with taken_down(record, sweep, cost, [*inputs.values()]) as taken:
        y, finals = replace(stack, sweep=taken).infer(inputs, initial)
    left = {} if onwards else {name: np.empty((len(finals), *array.shape), dtype) for name, array in finals[0].items()}
    for place, own in enumerate(initial):
        for name, array in own.items():
            record.copy(array if onwards else left[name][place], finals[place][name])
    first = [{name: array.copy() for name, array in own.items()} for own in initial]
    run = record.bound()
    exchange = Exchange.of(inputs[stack.first], y, record) if y.nbytes >= LARGE and not onwards else None
    return Replay(stack, inputs, initial, first, y, left, record, run, exchange)
