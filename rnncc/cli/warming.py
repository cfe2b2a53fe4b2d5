"""A cell's kernels run once on tiny arrays, through the layer that a later process will make: so they are compiled and kept."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba.core.event import Event, Listener, install_listener

from rnncc.api import find_class
from rnncc.runtime.blocks import axis_length
from rnncc.runtime.layer import Layer
from rnncc.runtime.simd.isa import ISA
from rnncc.runtime.transforms import asked_for

KERNELS = ("inference", "forward", "backward", "trace")
BATCHES = ((4, 1), (4, 2 * ISA.short))
"""(T, N) of each form of a kernel: products of the input ahead of the loop, every product in it. Threads meet in the first."""
_SIZE = 4
_THREADS = 2
"""The fewest for which workers compile what they wait in; kernels are the same for any."""


class Compilations(Listener):
    """Counts what Numba compiles; what it loads does not count."""

    def __init__(self) -> None:
        self.count = 0

    def on_start(self, event: Event) -> None:
        self.count += 1

    def on_end(self, event: Event) -> None:
        """Counted when it began."""

    def installed(self) -> AbstractContextManager[None]:
        """Count what is compiled within."""
        listening: AbstractContextManager[None] = install_listener("numba:compile", self)
        return listening


@dataclass(frozen=True)
class Warming:
    """What to have ready of one cell: `kernels` of `KERNELS` for each of `dtypes`.

    Parameters
    ----------
    spec
        A name of the catalogue or a path.
    settings
        Options, sizes and constants of the cell.
    transforms
        Keywords as of `rnncc.RNN`.
    """

    spec: str
    settings: Mapping[str, object]
    dtypes: tuple[str, ...]
    kernels: tuple[str, ...]
    transforms: Mapping[str, object] = field(default_factory=dict)

    @property
    def runs(self) -> int:
        """How many kernels are run, and reported, one by one."""
        return len(self.dtypes) * len(self.kernels)

    def run(self, started: Callable[[str], object]) -> int:
        """How many functions were compiled, 0 where all were there; `started` is told each kernel before it is run.

        Raises
        ------
        SpecError, ArgumentError
            Where the spec or a setting is wrong.
        """
        compilations, asked = Compilations(), asked_for(self.transforms)
        with compilations.installed():
            generated, _ = find_class(self.spec, self.settings, asked.structure)
            units = _SIZE * generated.cell.unit_multiple
            sizes = {name: self.settings.get(name, size or units) for name, size in generated.cell.sizes.items()}
            keywords: dict[str, Any] = sizes | dict(self.settings) | asked.keywords
            for dtype in self.dtypes:
                layer = generated(units, units, dtype=dtype, threads=_THREADS, seed=0, **keywords)
                for kernel in self.kernels:
                    started(f"{self.spec} {dtype} {kernel}")
                    _run(layer, _Inputs(layer, sizes), kernel)
        return compilations.count


@dataclass(frozen=True)
class _Inputs:
    """Zeros for a layer whose cell has further `sizes`; a memory of one position."""

    layer: Layer
    sizes: Mapping[str, Any]

    def zeros(self, *leading: int) -> Any:
        """As the layer takes them: an array, or a dict of several by name."""
        cell = self.layer.cell
        (first, _), *others = cell.inputs
        arrays = {first: np.zeros((*leading, *([] if first in cell.indices else [self.layer.input_size])), self.layer.dtype)}
        arrays |= {name: np.zeros((*leading, *map(self._length, axes)), self.layer.dtype) for name, axes in others}
        arrays |= {name: arrays[name].astype(np.int64) for name in cell.indices}
        arrays |= self.memories(leading[-1]) if len(leading) > 1 else {}
        return arrays if len(arrays) > 1 else arrays[first]

    def memories(self, rows: int) -> dict[str, Any]:
        """By name, of `rows` sequences."""
        return {m.name: np.zeros((rows, 1, self._length(m.size)), self.layer.dtype) for m in self.layer.cell.memories}

    def _length(self, axis: str) -> int:
        return axis_length(axis, lambda size: int(self.sizes.get(size, self.layer.hidden_size)))


def _run(layer: Layer, inputs: _Inputs, kernel: str) -> None:
    for steps, rows in BATCHES:
        x = inputs.zeros(steps, rows)
        match kernel:
            case "inference":
                layer(x)
            case "forward":
                layer.vjp(x)
            case "backward":
                (y, _), pullback = layer.vjp(x)
                pullback(y)
            case _:
                layer.trace(x)
    if kernel == "inference":
        layer.stream(1, inputs.memories(1) or None)(inputs.zeros(1))
