"""Layers that run through time in one direction, each on what the one below puts out: the unit of checkpointing.

Time is cut into segments (`runtime.chunks`). The states at the beginning of each are kept, and everything that the backward pass reads
of the segment that ran last, with which it begins; what it reads of the others is computed again, segment by segment. With one segment
nothing is computed twice. The results have the same bits for any segments: kernels go on from a state as if they had not stopped, and
sums over time go on from what they had reached. States that are run back begin at the end of each segment, and so have other bits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnncc.runtime.bound import Bound, Streams, masked
from rnncc.runtime.dropout import Mask
from rnncc.runtime.geometry import Place
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import is_array
from rnncc.runtime.state import PlaceStates
from rnncc.runtime.sweep import Sweep

RUN_BACK = 256
"""Steps after which states that are run back begin anew, from kept ones. A step back adds half a unit in the last place to a state, 256
of them 2e-5 of it at most in float32, where the step neither stretches nor shrinks; the states kept are 1/256 of all."""


@dataclass(frozen=True)
class Kept:
    """What the backward pass reads of one segment.

    Parameters
    ----------
    envs
        Per place: what its kernel was given and what it returned for the backward one.
    masks
        Per place: the dropout mask (steps, N, O) between its output and the place above, or None.
    """

    envs: tuple[dict[str, Any], ...]
    masks: tuple[Array | None, ...]

    @classmethod
    def of(cls, passed: Sequence["Passed"]) -> "Kept":
        """What is kept of what every place has made."""
        return cls(tuple(p.env for p in passed), tuple(p.mask for p in passed))


@dataclass(frozen=True)
class Passed:
    """What one place makes of one segment.

    Parameters
    ----------
    streams
        What the place above reads of it.
    finals
        The states after it.
    env, mask
        As of `Kept`.
    """

    streams: Streams
    finals: dict[str, Array]
    env: dict[str, Any]
    mask: Array | None


@dataclass(frozen=True)
class StrandTape:
    """What the backward pass reads of a strand.

    Parameters
    ----------
    streams
        What the lowest place reads, all of time.
    starts
        Per segment, in the order of running: the states with which its places begin.
    kept
        Per segment what was kept of it, None for those that are computed again.
    """

    streams: Streams
    starts: tuple[PlaceStates, ...]
    kept: tuple[Kept | None, ...]

    def arrays(self) -> Iterator[Array]:
        """Everything it holds."""
        yield from self.streams.values()
        yield from (array for states in self.starts for state in states for array in state.values())
        for kept in self.kept:
            if kept is not None:
                yield from (value for env in kept.envs for value in env.values() if is_array(value))
                yield from (mask for mask in kept.masks if mask is not None)


@dataclass(frozen=True)
class StrandGradients:
    """Cotangents of what a strand reads: streams by name; first states and parameters by place of the strand."""

    streams: Streams
    states: PlaceStates
    parameters: PlaceStates


@dataclass(frozen=True)
class Strand:
    """Places one above the other in one direction.

    Parameters
    ----------
    bound
        Kernels and weights.
    places
        From the lowest up.
    masks
        Per place: dropout between it and the place above, or None.
    sweep
        All of time, in the direction of the places.
    checkpoint
        Least number of steps of a segment; None: one segment, or of a cell whose states are run back `RUN_BACK` steps. With `truncate`
        alone every segment is kept, with both the last.
    truncate
        Steps of a segment at whose beginning cotangents of states end.
    """

    bound: Bound
    places: tuple[Place, ...]
    masks: tuple[Mask | None, ...]
    sweep: Sweep
    checkpoint: int | None
    truncate: int | None = None

    def forward(self, streams: Streams, initial: PlaceStates) -> tuple[Array, PlaceStates, StrandTape]:
        """Output (T, N, …) of the highest place, the final states of all, and the tape; results share no memory with the tape."""
        segments = self._segments
        starts, states, whole = list[PlaceStates](), initial, Streams()
        held = list[Kept | None]()
        for segment in segments:
            starts.append(states)
            y, states, kept = self._run(*segment, streams, states)
            held.append(kept if self.checkpoint is None or segment == segments[-1] else None)
            del kept  # before the next is computed
            self._collect(whole, {"output": y}, segment[0])
        return whole["output"], states, StrandTape(streams, tuple(starts), tuple(held))

    def backward(self, tape: StrandTape, dy: Array, dfinals: PlaceStates) -> StrandGradients:
        """Pull the cotangents `dy` (T, N, …) of the layer's output and `dfinals` of the final states back."""
        segments = self._segments
        gradients = StrandGradients({}, dfinals, [{} for _ in self.places])
        for segment, states, held in reversed(list(zip(segments, tape.starts, tape.kept, strict=True))):
            if segment != segments[-1] and self.truncate is not None:
                gradients = replace(gradients, states=self._ended(gradients.states, segment))
            kept = held or self._run(*segment, tape.streams, states)[2]
            gradients = self._pull(*segment, kept, dy, gradients)
            del kept  # before the next is computed
        return gradients

    @property
    def _segments(self) -> list[tuple[int, int]]:
        back = RUN_BACK if self.bound.geometry.cell.runs_back else None
        return self.sweep.segments(back if self.checkpoint is None else self.checkpoint, self.truncate)

    def _ended(self, states: PlaceStates, segment: tuple[int, int]) -> PlaceStates:
        """Cotangents of states after `segment` that do not go back into it: those of rows that have steps on both sides."""
        crossing = int(self.sweep.live()[segment[0] if self.sweep.reverse else segment[1]])
        return [{name: np.concatenate([np.zeros_like(d[:crossing]), d[crossing:]]) for name, d in own.items()} for own in states]

    def _run(self, first: int, last: int, streams: Streams, states: PlaceStates) -> tuple[Array, PlaceStates, Kept]:
        """One segment through all places."""
        here, passed = cut(streams, first, last), list[Passed]()
        for number, start in enumerate(states):
            passed.append(self._pass(number, first, last, here, start))
            here = passed[-1].streams
        return here[self.bound.first], [p.finals for p in passed], Kept.of(passed)

    def _pass(self, number: int, first: int, last: int, here: Streams, start: dict[str, Array]) -> Passed:
        """One segment, of which it reads `here`, through place number `number`."""
        place, mask, sweep = self.places[number], self.masks[number], self.sweep.segment(first, last)
        dropped = None if mask is None else mask.between(first, last)
        drawn = self.bound.masks.between(self.bound.geometry, place, first, last, sweep.batch)
        env = self.bound.env(place, sweep, here, start) | drawn
        result = self.bound.kernels.forward(sweep.of_layer(place.layer), env)
        finals = {name: array.copy() for name, array in self.bound.finals(result).items()}
        y = masked(self.bound.joined(sweep, [result["output"]]), dropped)
        y = y + here[self.bound.first] if self._skips(place) else y
        env |= {name: array for name, array in result.items() if name != "output"}
        return Passed(here | {self.bound.first: y}, finals, env, dropped)

    def _pull(self, first: int, last: int, kept: Kept, dy: Array, later: StrandGradients) -> StrandGradients:
        """The gradients of a segment's beginning from those of its end; `later.streams` is filled in place."""
        streams, states, parameters = {self.bound.first: dy[first:last]}, list(later.states), list(later.parameters)
        for k in reversed(range(len(self.places))):
            streams, states[k], parameters[k] = self._pull_place(k, first, last, kept, streams, states[k], parameters[k])
        self._collect(later.streams, streams, first)
        return StrandGradients(later.streams, states, parameters)

    def _pull_place(
        self, number: int, first: int, last: int, kept: Kept, above: Streams, states: dict[str, Array], sums: dict[str, Array]
    ) -> tuple[Streams, dict[str, Array], dict[str, Array]]:
        """A segment through place number `number`: cotangents of what it reads, of the states it begins with, and sums over time.

        `above` are the cotangents of what it leaves for the place above, and of further streams so far; `states` those of its final
        states; `sums` goes on in place.
        """
        place, sweep, streams = self.places[number], self.sweep.segment(first, last), dict(above)
        dy = streams.pop(self.bound.first)
        seeds = self.bound.seeds(place, sweep, masked(dy, kept.masks[number]), states)
        result = self.bound.kernels.backward(sweep.of_layer(place.layer), kept.envs[number] | seeds | sums)
        self._add(streams, place, sweep, result)
        if self._skips(place):
            streams[self.bound.first] = streams[self.bound.first] + dy
        return streams, self._cotangents(result), self._sums(result)

    def _skips(self, place: Place) -> bool:
        """Whether the input is added to the output here; of two directions their stack adds it to both together."""
        return self.bound.geometry.directions == 1 and self.bound.skips(place.layer)

    def _add(self, streams: Streams, place: Place, sweep: Sweep, result: Mapping[str, Array]) -> None:
        """The layer's own input passes from place to place; further inputs are read by all of them. Indices have no gradient."""
        cell = self.bound.geometry.cell
        flat = (sweep.steps, sweep.batch, self.bound.geometry.layer_input(place.layer))
        for name in cell.differentiable_inputs:
            found = result[cell.cotangent + name]
            if name == self.bound.first:
                streams[name] = found.reshape(flat)
            else:
                streams[name] = streams[name] + found if name in streams else found

    def _cotangents(self, result: Mapping[str, Array]) -> dict[str, Array]:
        cell = self.bound.geometry.cell
        return {s.name: result[f"{cell.cotangent}{s.name}_0"] for s in cell.differentiable}

    def _sums(self, result: Mapping[str, Array]) -> dict[str, Array]:
        """Everything summed over time so far: gradients of parameters, and what they are made of."""
        cell = self.bound.geometry.cell
        varying = {*(name for name, _ in cell.inputs), *(f"{s.name}_0" for s in cell.states)}
        return {key: array for key, array in result.items() if key.removeprefix(cell.cotangent) not in varying}

    def _collect(self, whole: Streams, parts: Mapping[str, Array], first: int) -> None:
        """`parts` into the steps from `first` on of `whole`; a part that is all of time becomes the whole."""
        for name, part in parts.items():
            if len(part) == self.sweep.steps:
                whole[name] = part
                continue
            if name not in whole:
                whole[name] = self.sweep.library.empty((self.sweep.steps, *part.shape[1:]), part.dtype)
            whole[name][first : first + len(part)] = part


def cut(streams: Streams, first: int, last: int) -> Streams:
    """The steps [first, last) of `streams`."""
    return {name: array[first:last] for name, array in streams.items()}
