"""A cell's kernels bound to the weights of a stack: what each place is given, and what is read of its results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncc.runtime.geometry import Geometry, Place
from rnncc.runtime.kernels import Array, Kernels
from rnncc.runtime.masks import CellMasks
from rnncc.runtime.sweep import Sweep

Streams = dict[str, Array]
"""Input name -> (T, N, *axes)."""


@dataclass(frozen=True)
class Bound:
    """Kernels and weights.

    Parameters
    ----------
    kernels, geometry
        The cell's kernels and all sizes.
    weights
        Per place: parameter name -> array, and what is packed of them.
    constants
        Name -> value.
    masks
        Random masks of the cell.
    residual
        Whether a layer's input is added to its output, where both have the same size.
    memories
        What every place attends to, as of `runtime.memories`.
    """

    kernels: Kernels
    geometry: Geometry
    weights: Sequence[Mapping[str, Any]]
    constants: Mapping[str, float]
    masks: CellMasks
    residual: bool
    memories: Mapping[str, Array]

    @property
    def first(self) -> str:
        """The layer's own input."""
        return self.geometry.cell.inputs[0][0]

    def env(self, place: Place, sweep: Sweep, streams: Streams, states: Mapping[str, Array]) -> dict[str, Any]:
        """What the kernels of `place` are given; `states`, name -> (N, *axes), are what it starts from."""
        initial = {f"{name}_0": array for name, array in states.items()}
        name, axes = self.geometry.cell.inputs[0]
        shape = (sweep.steps, sweep.batch, *self.geometry.shape(axes, place.layer))
        return {
            **streams,
            **self.memories,
            name: streams[name].reshape(shape),
            **initial,
            **self.weights[place.index],
            **self.constants,
        }

    def finals(self, result: Mapping[str, Array]) -> dict[str, Array]:
        """State name -> (N, *axes) after the last step."""
        return {s.name: result[f"{s.name}_T"] for s in self.geometry.cell.states}

    def joined(self, sweep: Sweep, outputs: Sequence[Array]) -> Array:
        """The outputs of a layer's directions side by side: (T, N, D*O)."""
        parts = [y.reshape(sweep.steps, sweep.batch, self.geometry.output_size) for y in outputs]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)

    def skips(self, layer: int) -> bool:
        """Whether the input of layer number `layer` is added to its output (T, N, D*O)."""
        geometry = self.geometry
        return self.residual and geometry.layer_input(layer) == geometry.directions * geometry.output_size

    def seeds(self, place: Place, sweep: Sweep, dy: Array, dfinals: Mapping[str, Array]) -> dict[str, Array]:
        """What a backward kernel is given besides: its part of the cotangent (T, N, D*O) of its layer's output, and `dfinals`."""
        cell, size = self.geometry.cell, self.geometry.output_size
        part = sweep.library.ascontiguousarray(dy[:, :, size : 2 * size] if place.reverse else dy[:, :, :size])
        shape = (sweep.steps, sweep.batch, *self.geometry.shape(cell.output))
        states = {f"{cell.cotangent}{name}_T": array for name, array in dfinals.items()}
        return {f"{cell.cotangent}output": part.reshape(shape), **states}


def masked(y: Array, mask: Array | None) -> Array:
    """`y` after dropout."""
    return y if mask is None else y * mask
