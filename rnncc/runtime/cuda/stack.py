"""Layers on top of one another on a device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar

import numpy as np

from rnncc.runtime.bound import Streams
from rnncc.runtime.cuda.apart import apart
from rnncc.runtime.cuda.strand import DeviceStrand
from rnncc.runtime.cuda.waves import in_waves, segments_for
from rnncc.runtime.kernels import Array
from rnncc.runtime.stack import Stack
from rnncc.runtime.state import PlaceStates
from rnncc.runtime.strand import Strand, cut
from rnncc.runtime.sweep import Sweep

R = TypeVar("R")


@dataclass(frozen=True)
class DeviceStack(Stack):
    """As `Stack`; the two directions of a layer run at once, or several layers at different times."""

    strand: ClassVar[type[Strand]] = DeviceStrand

    def infer(self, streams: Streams, initial: PlaceStates) -> tuple[Array, PlaceStates]:
        def lowest(nothing: Sweep) -> None:
            replace(self, sweep=nothing).infer_layer(0, cut(streams, 0, 0), initial)

        segments = segments_for("inference", self, self.sweep, lowest)
        if len(segments) == 1:
            return super().infer(streams, initial)
        read, states = [cut(streams, *segment) for segment in segments], list(initial)

        def run(layer: int, number: int) -> None:
            own = replace(self, sweep=self.sweep.segment(*segments[number]))
            read[number], (states[layer],) = own.infer_layer(layer, read[number], states)

        in_waves(self.geometry.num_layers, len(segments), run)
        return np.concatenate([last[self.first] for last in read]), states

    def _each(self, works: Sequence[Callable[[], R]]) -> list[R]:
        return apart(works) if len(works) == 2 else [work() for work in works]
