"""A kernel over whole sequences: every step at once, from products that a library has made."""

from rnncc.emit.cuda.kernel import DeviceKernel, named, panel_names
from rnncc.schedule import Compute


class SequenceKernel(DeviceKernel):
    """Every step of whole sequences at once; products have been made before."""

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
        found = {}
        for name, panel in zip(panel_names(self._numbers[id(phase)], phase), phase.panels, strict=True):
            sums = self.names.panel(named("sums", name), panel, "")
            found.update({a.value: f"{sums}[time, row, {k}, unit]" for k, a in enumerate(panel.accumulators)})
        return found
