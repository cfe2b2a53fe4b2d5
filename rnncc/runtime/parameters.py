"""Learned arrays: one master array a layer and direction, every parameter a view of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.cell_info import Parameter
from rnncc.runtime.geometry import Geometry, Place
from rnncc.runtime.initial import draw
from rnncc.runtime.kernels import Array


@dataclass(frozen=True)
class ParameterStore:
    """The parameters of a stack.

    Parameters
    ----------
    geometry
        Sizes of the stack.
    bias
        Without it parameters declared as bias are zero: they lie outside the masters and cannot be written.
    masters
        One array (parameters of the place,) in the layer's dtype per place, in order of declaration.
    """

    geometry: Geometry
    bias: bool
    masters: tuple[Array, ...]

    @classmethod
    def drawn(cls, geometry: Geometry, bias: bool, dtype: np.dtype[Any], rng: np.random.Generator) -> "ParameterStore":
        """A store with first values, drawn in order of places and of declaration."""
        masters = []
        for place in geometry.places:
            parts = [draw(p, geometry.shape(p.axes, place.layer), geometry.hidden_size, rng).ravel() for p in learned(geometry, bias)]
            masters.append(np.concatenate([np.zeros(0), *parts]).astype(dtype))
        return cls(geometry, bias, tuple(masters))

    @cached_property
    def by_place(self) -> tuple[dict[str, Array], ...]:
        """Per place what its kernels are given: every parameter of the cell by name."""
        return tuple(self._views(place) | self._zeros(place) for place in self.geometry.places)

    @cached_property
    def named(self) -> dict[str, Array]:
        """`l0.W`, `l1.reverse.U` … -> writable view."""
        kept = [p.name for p in learned(self.geometry, self.bias)]
        return {place.prefix + name: self.by_place[place.index][name] for place in self.geometry.places for name in kept}

    def trained(self) -> list[tuple[Place, str]]:
        """Place and name of every parameter that has a gradient."""
        names = [p.name for p in learned(self.geometry, self.bias) if not p.frozen]
        return [(place, name) for place in self.geometry.places for name in names]

    def snapshot(self) -> "ParameterStore":
        """A copy that later writes do not reach."""
        return ParameterStore(self.geometry, self.bias, tuple(m.copy() for m in self.masters))

    def _views(self, place: Place) -> dict[str, Array]:
        parameters = learned(self.geometry, self.bias)
        shapes = [self.geometry.shape(p.axes, place.layer) for p in parameters]
        pieces = _cut(self.masters[place.index], shapes)
        return {p.name: piece for p, piece in zip(parameters, pieces, strict=True)}

    def _zeros(self, place: Place) -> dict[str, Array]:
        missing = [p for p in self.geometry.cell.parameters if p.bias and not self.bias]
        dtype = self.masters[place.index].dtype
        return {p.name: _read_only_zeros(self.geometry.shape(p.axes, place.layer), dtype) for p in missing}


def learned(geometry: Geometry, bias: bool) -> list[Parameter]:
    """The parameters that a layer has, in order of declaration."""
    return [p for p in geometry.cell.parameters if bias or not p.bias]


def _cut(master: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    ends = np.cumsum([math.prod(s) for s in shapes])
    return [master[end - math.prod(s) : end].reshape(s) for end, s in zip(ends, shapes, strict=True)]


def _read_only_zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    zeros = np.zeros(shape, dtype)
    zeros.setflags(write=False)
    return zeros
