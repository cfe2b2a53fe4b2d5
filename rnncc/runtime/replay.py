"""A call bound to arrays of its own: inputs are copied into them, a record of what the call does is replayed, results are copied."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnncc.runtime.bound import Streams
from rnncc.runtime.kernels import Array
from rnncc.runtime.record import Record
from rnncc.runtime.replays import cost_of
from rnncc.runtime.stack import Stack
from rnncc.runtime.state import PlaceStates, stacked
from rnncc.runtime.waves import taken_down


@dataclass(frozen=True)
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
        What a run writes: (T, N, O), and the final states by place.
    record
        Everything that a run does.
    run
        Does it.
    """

    stack: Stack
    inputs: Streams
    initial: PlaceStates
    first: PlaceStates
    y: Array
    finals: PlaceStates
    record: Record
    run: Callable[[], None]

    def __call__(self, x: Array, state: Mapping[str, Array] | None = None) -> tuple[Array, dict[str, Array]]:
        """Output (T, N, O) and final states, name -> (L, N, *axes), of an input (T, N, I).

        It begins with `state`, name -> (L, N, *axes), or with the cell's first values.
        """
        self.inputs[self.stack.first][...] = x
        for place, own in enumerate(self.initial):
            for name, array in own.items():
                array[...] = self.first[place][name] if state is None else state[name][place]
        self.run()
        return self.y.copy(), stacked(self.finals)


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
    for place, own in enumerate(initial if onwards else []):
        for name, array in own.items():
            record.copy(array, finals[place][name])
    first = [{name: array.copy() for name, array in own.items()} for own in initial]
    return Replay(stack, inputs, initial, first, y, finals, record, record.bound())
