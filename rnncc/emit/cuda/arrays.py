"""The arrays that a driver's kernels work on, on a device."""

from rnncc.emit.cpu.arrays import Arrays
from rnncc.ir import Input
from rnncc.schedule import Compute


class DeviceArrays(Arrays):
    """As `Arrays`: what products of a step read ends in whole lines of memory; a thread reads one number as well as another."""

    def _read_in_vectors(self, given: Input) -> bool:
        return self.multiplied(given.name)

    def multiplied(self, value: str) -> bool:
        """Whether products of a step read `value`."""
        panels = [p for phase in self.layout.plan.step if isinstance(phase, Compute) for p in phase.panels]
        return any(value in panel.operands for panel in panels)

    def take(self, array: str) -> None:
        """`array` was made by another line."""
        self.local.add(array)
        self.made.add(array)
