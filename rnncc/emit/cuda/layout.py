"""Where values lie on a device: as on the CPU, but nothing of a whole sequence is overwritten step by step."""

from rnncc.emit.cpu.layout import Layout, Slot, defined
from rnncc.schedule import Compute, Phase


class DeviceLayout(Layout):
    """Slots of one schedule: kernels over whole sequences take all steps at once, so that rows of one step would be shared by all.

    Products of whole sequences are streams: a library makes them.
    """

    def _place_produced(self, phases: tuple[Phase, ...]) -> None:
        super()._place_produced(phases)
        if phases is self.plan.step:
            return
        products = {a.value for phase in phases if isinstance(phase, Compute) for p in phase.panels for a in p.accumulators}
        for value in (v for phase in phases for v in defined(phase)):
            if value in products or (value in self.slot and not self.slot[value].index):
                self.slot[value] = Slot(f"{value}_seq", "time")
