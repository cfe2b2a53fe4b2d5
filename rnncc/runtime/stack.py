"""Layers on top of one another, in one or two directions, bound to the arrays of one call.

Everything here is time-major, batched and sorted by length. Results are new arrays; nothing given is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncc.runtime.geometry import Geometry, Place
from rnncc.runtime.kernels import Array, Kernels
from rnncc.runtime.state import PlaceStates
from rnncc.runtime.sweep import Sweep

Streams = dict[str, Array]
"""Input name -> (T, N, *axes)."""


@dataclass(frozen=True)
class Tape:
    """What a backward pass needs of a forward pass.

    Parameters
    ----------
    envs
        Per place: what its kernel was given and what it returned, residuals included.
    masks
        Per layer: the dropout mask (T, N, D*O) of its output, or None.
    """

    envs: tuple[dict[str, Any], ...]
    masks: tuple[Array | None, ...]


@dataclass(frozen=True)
class RawGradients:
    """Cotangents of one pullback: inputs by name, first states and parameters by place."""

    streams: Streams
    states: PlaceStates
    parameters: list[dict[str, Array]]


@dataclass(frozen=True)
class Stack:
    """A stack bound to its weights and one batch.

    Parameters
    ----------
    kernels, geometry
        The cell's kernels and all sizes.
    weights
        Per place: parameter name -> array.
    constants
        Name -> value.
    sweep
        Steps, rows, lengths and threads; its `reverse` is False.
    """

    kernels: Kernels
    geometry: Geometry
    weights: Sequence[Mapping[str, Array]]
    constants: Mapping[str, float]
    sweep: Sweep

    def infer(self, streams: Streams, initial: PlaceStates) -> tuple[Array, PlaceStates]:
        """Output (T, N, D*O) of the last layer and the final states of all."""
        finals: PlaceStates = []
        first = self.first
        for layer in range(self.geometry.num_layers):
            results = [self.kernels.inference(self._sweep(p), self._env(p, streams, initial)) for p in self._places(layer)]
            finals += [self._finals(r) for r in results]
            streams = streams | {first: self._joined(results)}
        return streams[first], finals

    def forward(self, streams: Streams, initial: PlaceStates, masks: Sequence[Array | None]) -> tuple[Array, PlaceStates, Tape]:
        """As `infer`, and the tape. Layer number k's output is multiplied by `masks[k]`.

        What is returned shares no memory with the tape, which may hold outputs and final states for the backward pass.
        """
        finals: PlaceStates = []
        envs: list[dict[str, Any]] = []
        first = self.first
        for layer in range(self.geometry.num_layers):
            given = [self._env(p, streams, initial) for p in self._places(layer)]
            results = [self.kernels.forward(self._sweep(p), env) for p, env in zip(self._places(layer), given, strict=True)]
            envs += [env | result for env, result in zip(given, results, strict=True)]
            finals += [{name: array.copy() for name, array in self._finals(r).items()} for r in results]
            streams = streams | {first: _masked(self._joined(results), masks[layer])}
        y = streams[first]
        return y.copy() if self.geometry.directions == 1 else y, finals, Tape(tuple(envs), tuple(masks))

    def backward(self, tape: Tape, dy: Array, dfinals: PlaceStates) -> RawGradients:
        """Pull `dy` (T, N, D*O) and the cotangents of the final states back through the stack."""
        raw = RawGradients({}, [{} for _ in dfinals], [{} for _ in dfinals])
        for layer in reversed(range(self.geometry.num_layers)):
            dy = self._backward_layer(layer, tape, dy, dfinals, raw)
            if layer > 0:
                dy = _masked(dy, tape.masks[layer - 1])
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
                streams = streams | {self.first: self._joined([self.kernels.inference(self._sweep(p), envs[p]) for p in envs])}
        return traced

    @property
    def first(self) -> str:
        """The layer's own input."""
        return self.geometry.cell.inputs[0][0]

    def _places(self, layer: int) -> tuple[Place, ...]:
        d = self.geometry.directions
        return self.geometry.places[layer * d : (layer + 1) * d]

    def _sweep(self, place: Place) -> Sweep:
        s = self.sweep
        return Sweep(s.steps, s.batch, s.lengths, True, s.threads) if place.reverse else s

    def _env(self, place: Place, streams: Streams, initial: PlaceStates) -> dict[str, Any]:
        states = {f"{name}_0": array for name, array in initial[place.index].items()}
        name, axes = self.geometry.cell.inputs[0]
        shape = (self.sweep.steps, self.sweep.batch, *self.geometry.shape(axes, place.layer))
        return {**streams, name: streams[name].reshape(shape), **states, **self.weights[place.index], **self.constants}

    def _finals(self, result: Mapping[str, Array]) -> dict[str, Array]:
        return {s.name: result[f"{s.name}_T"] for s in self.geometry.cell.states}

    def _joined(self, results: Sequence[Mapping[str, Array]]) -> Array:
        shape = (self.sweep.steps, self.sweep.batch, self.geometry.output_size)
        parts = [r["output"].reshape(shape) for r in results]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)

    def _seeds(self, place: Place, dy: Array, dfinals: PlaceStates) -> dict[str, Array]:
        cell, size = self.geometry.cell, self.geometry.output_size
        part = np.ascontiguousarray(dy[:, :, size : 2 * size] if place.reverse else dy[:, :, :size])
        shape = (self.sweep.steps, self.sweep.batch, *self.geometry.shape(cell.output))
        states = {f"{cell.cotangent}{name}_T": array for name, array in dfinals[place.index].items()}
        return {f"{cell.cotangent}output": part.reshape(shape), **states}

    def _backward_layer(self, layer: int, tape: Tape, dy: Array, dfinals: PlaceStates, raw: RawGradients) -> Array:
        """Adds this layer's gradients to `raw`; the cotangent of what the layer read."""
        prefix = self.geometry.cell.cotangent
        flat = (self.sweep.steps, self.sweep.batch, self.geometry.layer_input(layer))
        below = None
        for place in self._places(layer):
            env = tape.envs[place.index] | self._seeds(place, dy, dfinals)
            result = self.kernels.backward(self._sweep(place), env)
            dx = result[prefix + self.first].reshape(flat)
            below = dx if below is None else below + dx
            for name, _ in self.geometry.cell.inputs[1:]:
                found = result[prefix + name]
                raw.streams[name] = raw.streams[name] + found if name in raw.streams else found
            raw.states[place.index].update({s.name: result[f"{prefix}{s.name}_0"] for s in self.geometry.cell.states})
            kept = {p.name: prefix + p.name for p in self.geometry.cell.parameters if not p.frozen}
            raw.parameters[place.index].update({name: result[key] for name, key in kept.items()})
        return below if below is not None else dy


def _masked(y: Array, mask: Array | None) -> Array:
    return y if mask is None else y * mask
