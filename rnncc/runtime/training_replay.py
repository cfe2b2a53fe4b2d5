"""A call in training bound to arrays of its own: what `runtime.replay` is for inference, with its backward pass.

Three records are taken down: how weights are packed, which is done again where parameters have changed, the forward pass, and the
backward pass, which reads what the forward pass left. A call has these arrays until its pullback is gone; results are copied out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import numpy as np

from rnncc.runtime.aligned import copied
from rnncc.runtime.frozen import Frozen
from rnncc.runtime.kernels import Array
from rnncc.runtime.parameters import ParameterStore
from rnncc.runtime.record import Record
from rnncc.runtime.replays import cost_of
from rnncc.runtime.stack import Stack, Tape
from rnncc.runtime.state import PlaceStates, stacked
from rnncc.runtime.waves import taken_down

States = dict[str, Array]
"""Name -> (L, N, *axes)."""


@dataclass(frozen=True)
class Values:
    """What stays at its place in memory: a stream (T, N, …), and states by place."""

    stream: Array
    states: PlaceStates

    def write(self, stream: Array, states: PlaceStates | None) -> None:
        """`states` None are zero."""
        self.stream[...] = stream
        for place, own in enumerate(self.states):
            for name, array in own.items():
                array[...] = 0 if states is None else states[place][name]

    def read(self) -> tuple[Array, States]:
        """Copies."""
        return copied(self.stream), stacked(self.states)


@dataclass(eq=False)
class TrainingReplay:
    """`Stack.forward` and `Stack.backward` bound to arrays. One call at a time has it.

    Parameters
    ----------
    stack, tape
        What it does, and what the forward pass leaves for the backward pass.
    own
        The parameters that its kernels read, per place.
    given, left
        What the forward pass reads, input and first states, and what it writes, output and final states.
    seeds, found, sums
        What the backward pass reads, cotangents of output and final states, and what it writes: those of input and first states, and
        of parameters, by their full names.
    records
        Of packing, of the forward pass and of the backward pass.
    """

    stack: Stack
    tape: Tape
    own: tuple[Frozen, ...]
    given: Values
    left: Values
    seeds: Values
    found: Values
    sums: dict[str, Array]
    records: tuple[Record, Record, Record]
    packed: tuple[Frozen, ...] = ()
    """The parameters that `own` holds."""
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._pack, self._run, self._pull = (record.bound() for record in self.records)
        self._first = [{name: array.copy() for name, array in own.items()} for own in self.given.states]

    def forward(self, x: Array, state: Mapping[str, Array] | None, weights: Sequence[Frozen]) -> tuple[Array, States]:
        """Output (T, N, O) and final states of x (T, N, I), from `state`, name -> (L, N, *axes), or the cell's first values on."""
        if not self.holds(weights):
            self._take(weights)
        first = self._first
        self.given.write(x, first if state is None else [{name: state[name][k] for name in own} for k, own in enumerate(first)])
        self._run()
        return self.left.read()

    def backward(self, dy: Array, dfinals: PlaceStates | None) -> tuple[Array, States, dict[str, Array]]:
        """Gradients by input, first states and parameters; `dfinals` None: zero. Callers at once wait for each other."""
        with self.lock:
            self.seeds.write(dy, dfinals)
            self._pull()
            return *self.found.read(), {name: array.copy() for name, array in self.sums.items()}

    def holds(self, weights: Sequence[Frozen]) -> bool:
        """Whether these are the parameters that it has."""
        return len(self.packed) > 0 and all(a is b for a, b in zip(self.packed, weights, strict=True))

    def _take(self, weights: Sequence[Frozen]) -> None:
        for own, new in zip(self.own, weights, strict=True):
            own.master[...] = new.master
        self._pack()
        self.packed = tuple(weights)


def bind_training(
    stack: Stack, store: ParameterStore, dtype: np.dtype[Any], initial: PlaceStates, dfinals: PlaceStates
) -> TrainingReplay:
    """A call of `stack`, of one direction and without lengths, bound to arrays of its own; `initial` and `dfinals` become its own."""
    geometry, cost = stack.geometry, cost_of((stack.sweep.steps, stack.sweep.batch), stack.geometry, dtype, training=True)
    sweep, threads = stack.sweep, cost.threads(stack.sweep.threads)
    packing, forward, backward = (Record(threads, waits=cost.waits(threads)) for _ in range(3))
    own = store.copied(packing)
    x = np.zeros((sweep.steps, sweep.batch, geometry.input_size), dtype)
    bound, varying = replace(stack, weights=tuple(f.env for f in own)), [x]
    streams = {stack.first: x.reshape(sweep.steps, sweep.batch, *geometry.shape(geometry.cell.inputs[0][1]))}
    with taken_down(forward, sweep, cost, varying) as taken:
        y, _, tape = replace(bound, sweep=taken).forward(streams, initial, [None] * geometry.num_layers)
    (strand,), (strand_tape,) = tape[0].strands, tape[0].tapes
    (kept,) = (k for k in strand_tape.kept if k is not None)
    dy = np.zeros_like(y)
    with taken_down(backward, sweep, cost, [*varying, dy], against=True) as taken:
        pulled = replace(strand, sweep=taken).backward(strand_tape, dy, dfinals)
    sums = {place.prefix + name: pulled.parameters[place.index][geometry.cell.cotangent + name] for place, name in store.trained()}
    return TrainingReplay(
        bound,
        tape,
        own,
        Values(x, initial),
        Values(y, [bound.finals(env) for env in kept.envs]),
        Values(dy, dfinals),
        Values(pulled.streams[stack.first].reshape(x.shape), pulled.states),
        sums,
        (packing, forward, backward),
    )
