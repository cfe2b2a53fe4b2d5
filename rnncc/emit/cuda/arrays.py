"""The arrays that a driver's kernels work on, on a device."""

from rnncc.emit.cpu.arrays import Arrays
from rnncc.ir import Input
from rnncc.schedule import Compute


class DeviceArrays(Arrays):
    """As `Arrays`: what products of a step read ends in whole lines of memory; a thread reads one number as well as another."""

    def _read_in_vectors(self, given: Input) -> bool:
        panels = [p for phase in self.layout.plan.step if isinstance(phase, Compute) for p in phase.panels]
        return any(given.name in panel.operands for panel in panels)
