"""A kernel over whole sequences: every step at once, from products that a library has made."""

from typing import ClassVar

from rnncc.emit.cpu.body import Body
from rnncc.emit.cuda.body import SequenceBody
from rnncc.emit.cuda.kernel import DeviceKernel
from rnncc.schedule import Compute


class SequenceKernel(DeviceKernel):
    """Every step of whole sequences at once; products have been made before."""

    body: ClassVar[type[Body]] = SequenceBody

    def _head(self) -> list[str]:
        return ["batch", "live"]

    def _role(self) -> str:
        return "Every step of every row"

    def _prelude(self) -> None:
        self.text("warp, lane, warps = grid_warps()")

    def _loops(self) -> None:
        text = self.text
        with text.block("for index in range(warp, len(live) * batch, warps):"):
            text("time, row = index // batch, index % batch")
            with text.block("if row < live[time]:"):
                self._row_phases(self.phases)

    def _sums_at_hand(self, phase: Compute) -> dict[str, str]:
        return {a.value: self.names.slot(a.value).element("unit") for p in phase.panels for a in p.accumulators}
