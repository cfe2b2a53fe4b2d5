"""Layers on top of one another, in one or two directions, bound to the arrays of one call.

Everything here is time-major, batched and sorted by length. Results are new arrays; nothing given is written.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, TypeVar

from rnncc.runtime.apart import apart, worth_parting
from rnncc.runtime.batch_means import refuse_segments
from rnncc.runtime.bound import Bound, Streams, masked
from rnncc.runtime.dropout import Mask
from rnncc.runtime.geometry import Place
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import owner_of
from rnncc.runtime.state import PlaceStates
from rnncc.runtime.strand import Strand, StrandTape
from rnncc.runtime.sweep import Sweep

R = TypeVar("R")


@dataclass(frozen=True)
class Level:
    """Strands that read the same streams, and what they keep.

    Parameters
    ----------
    strands, tapes
        All layers of one direction are one strand; of two directions each layer is a level of two strands, since the layer above
        reads both.
    mask
        Dropout (T, N, D*O) of what they put out together, or None.
    """

    strands: tuple[Strand, ...]
    tapes: tuple[StrandTape, ...]
    mask: Array | None

    def arrays(self) -> Iterator[Array]:
        """Everything it holds."""
        for tape in self.tapes:
            yield from tape.arrays()
        if self.mask is not None:
            yield self.mask


Tape = tuple[Level, ...]
"""What a backward pass needs of a forward pass, from the lowest level up."""


@dataclass(frozen=True)
class RawGradients:
    """Cotangents of one pullback: inputs by name, first states and parameters by place."""

    streams: Streams
    states: PlaceStates
    parameters: PlaceStates


@dataclass(frozen=True)
class Stack(Bound):
    """A stack bound to its weights and one batch.

    Parameters
    ----------
    kernels, geometry, weights, constants, masks, residual, memories
        As of `Bound`.
    sweep
        Steps, rows, lengths and threads; its `reverse` is False.
    """

    strand: ClassVar[type[Strand]] = Strand

    sweep: Sweep

    def infer(self, streams: Streams, initial: PlaceStates) -> tuple[Array, PlaceStates]:
        """Output (T, N, D*O) of the last layer and the final states of all."""
        finals: PlaceStates = []
        for layer in range(self.geometry.num_layers):
            streams, own = self.infer_layer(layer, streams, initial)
            finals += own
        return streams[self.first], finals

    def infer_layer(self, layer: int, streams: Streams, initial: PlaceStates) -> tuple[Streams, PlaceStates]:
        """What layer number `layer` leaves for the one above, and the final states of its places; `initial` are those of all."""
        envs = [(p, self._env(p, streams, initial)) for p in self._places(layer)]
        results = self._each([partial(self.kernels.inference, self._sweep(p), env) for p, env in envs])
        y = self.joined(self.sweep, [r["output"] for r in results])
        return streams | {self.first: self._with_input(layer, y, streams[self.first])}, [self.finals(r) for r in results]

    def forward(
        self,
        streams: Streams,
        initial: PlaceStates,
        masks: Sequence[Mask | None],
        checkpoint: int | None = None,
        truncate: int | None = None,
    ) -> tuple[Array, PlaceStates, Tape]:
        """As `infer`, and the tape. What is returned shares no memory with it.

        Parameters
        ----------
        streams, initial
            As of `infer`.
        masks
            Per layer: dropout of its output; None for the last.
        checkpoint, truncate
            As of `Strand`.
        """
        refuse_segments(self.geometry.cell, checkpoint=checkpoint, truncate=truncate)
        finals: PlaceStates = []
        tape = []
        for strands in self._levels(masks, checkpoint, truncate):
            runs = self._each([partial(s.forward, streams, [initial[p.index] for p in s.places]) for s in strands])
            finals += [states for _, found, _ in runs for states in found]
            top = strands[0].places[-1].layer
            last = masks[top]
            mask = None if last is None else last.between(0, self.sweep.steps)
            tape.append(Level(strands, tuple(kept for _, _, kept in runs), mask))
            y = masked(self.joined(self.sweep, [y for y, _, _ in runs]), mask)
            streams = streams | {self.first: y if self.geometry.directions == 1 else self._with_input(top, y, streams[self.first])}
        return streams[self.first], finals, tuple(tape)

    def backward(self, tape: Tape, dy: Array, dfinals: PlaceStates) -> RawGradients:
        """Pull `dy` (T, N, D*O) and the cotangents of the final states back through the stack."""
        raw = RawGradients({}, [{} for _ in dfinals], [{} for _ in dfinals])
        for level in reversed(tape):
            below = self._backward_level(level, masked(dy, level.mask), dfinals, raw)
            skips = self.geometry.directions == 2 and self.skips(level.strands[0].places[0].layer)
            dy = below + dy if skips else below
        if self.first in self.geometry.cell.differentiable_inputs:
            raw.streams[self.first] = dy
        return raw

    def trace(self, streams: Streams, initial: PlaceStates, wanted: Sequence[bool]) -> list[dict[str, Array]]:
        """Per place that is `wanted` every named value that varies in time, by name; an empty dict for the others."""
        traced: list[dict[str, Array]] = [{} for _ in wanted]
        last = max((p.layer for p in self.geometry.places if wanted[p.index]), default=-1)
        for layer in range(last + 1):
            envs = {p: self._env(p, streams, initial) for p in self._places(layer)}
            for p in self._places(layer):
                traced[p.index] = self.kernels.trace(self._sweep(p), envs[p]) if wanted[p.index] else {}
            if layer < last:
                outputs = [self.kernels.inference(self._sweep(p), envs[p])["output"] for p in envs]
                streams = streams | {self.first: self._with_input(layer, self.joined(self.sweep, outputs), streams[self.first])}
        return traced

    def _with_input(self, layer: int, y: Array, x: Array) -> Array:
        """What a layer puts out and, in a residual stack, what it reads."""
        if not self.skips(layer):
            return y
        if self.sweep.record is None:
            return y + x
        from rnncc.runtime.added import added  # here, since it is a kernel, which imports Numba

        return added(self.sweep.of_layer(layer), y, x)

    def _places(self, layer: int) -> tuple[Place, ...]:
        d = self.geometry.directions
        return self.geometry.places[layer * d : (layer + 1) * d]

    @property
    def _apart(self) -> bool:
        """Whether the two directions run side by side: rows are few, so that all threads on one direction would share its units."""
        return self.geometry.directions == 2 and worth_parting(self.sweep, self.geometry.hidden_size)

    def _each(self, works: Sequence[Callable[[], R]]) -> list[R]:
        """What the directions of a layer give."""
        return apart(works) if self._apart else [work() for work in works]

    def _sweep(self, place: Place) -> Sweep:
        whole = self.sweep.of_layer(place.layer)
        sweep = replace(whole, reverse=True) if place.reverse else whole
        if not self._apart:
            return sweep
        half = sweep.threads // 2
        return replace(sweep, threads=half if place.reverse else sweep.threads - half, team=int(place.reverse))

    def _env(self, place: Place, streams: Streams, initial: PlaceStates) -> dict[str, Any]:
        return self.env(place, self.sweep, streams, initial[place.index])

    def _levels(self, masks: Sequence[Mask | None], checkpoint: int | None, truncate: int | None) -> list[tuple[Strand, ...]]:
        if self.geometry.directions == 1:
            return [(self.strand(self, self.geometry.places, (*masks[:-1], None), self.sweep, checkpoint, truncate),)]
        layers = [self._places(layer) for layer in range(self.geometry.num_layers)]
        return [tuple(self.strand(self, (p,), (None,), self._sweep(p), checkpoint, truncate) for p in places) for places in layers]

    def _backward_level(self, level: Level, dy: Array, dfinals: PlaceStates, raw: RawGradients) -> Array:
        """Adds the gradients of a level to `raw`; the cotangent of what its layers read."""
        below: Array | None = None
        pairs = zip(level.strands, level.tapes, strict=True)
        works = [partial(s.backward, tape, dy, [dfinals[p.index] for p in s.places]) for s, tape in pairs]
        for strand, found in zip(level.strands, self._each(works), strict=True):
            dx = found.streams.pop(self.first, None)
            below = dx if below is None or dx is None else below + dx
            for name, array in found.streams.items():
                raw.streams[name] = raw.streams[name] + array if name in raw.streams else array
            for place, states, sums in zip(strand.places, found.states, found.parameters, strict=True):
                raw.states[place.index], raw.parameters[place.index] = states, self._gradients(sums)
        return dy if below is None else below

    def _gradients(self, sums: dict[str, Array]) -> dict[str, Array]:
        """Parameter or memory -> its gradient, where it has one: an array of its own, even where parameters enter alike."""
        cell = self.geometry.cell
        found: dict[str, Array] = {}
        owners = set[int]()
        for name in (*(p.name for p in cell.parameters if not p.frozen), *(m.name for m in cell.memories)):
            gradient = self.sweep.library.asarray(sums[cell.cotangent + name], order="C")
            found[name] = gradient.copy() if id(owner_of(gradient)) in owners else gradient
            owners.add(id(owner_of(gradient)))
        return found
