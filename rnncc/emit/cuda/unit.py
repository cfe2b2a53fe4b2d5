"""The time loop of a step without products."""

from typing import ClassVar

from rnncc.emit.cpu.body import Body
from rnncc.emit.cpu.kernel import slots
from rnncc.emit.cpu.layout import Slot
from rnncc.emit.cuda.body import ThreadUnitBody
from rnncc.emit.cuda.kernel import DeviceKernel
from rnncc.schedule import Compute


class UnitKernel(DeviceKernel):
    """The time loop of a step without products: each unit goes through time by itself, its state in registers."""

    body: ClassVar[type[Body]] = ThreadUnitBody

    def _head(self) -> list[str]:
        return ["batch", "live", "against"]

    def _role(self) -> str:
        return "Every step of a row's unit, its state in registers"

    def _prelude(self) -> None:
        self.text("number, threads = grid_threads()")

    def _loops(self) -> None:
        (phase,) = (p for p in self.phases if isinstance(p, Compute))
        text, size = self.text, self.names.size(phase.size)
        body = self.body(self.names, phase, {})
        lines = body.write({}).lines
        step = [*body.before.lines, *lines]
        with text.block(f"for item in range(number, batch * {size}, threads):"):
            text(f"row, unit = item // {size}, item % {size}")
            text("steps = len(live)")
            with text.block("while steps > 0 and live[steps - 1] <= row:"):
                text("steps -= 1")
            self._through_time(step)

    def _through_time(self, step: list[str]) -> None:
        text, trajectories = self.text, self.names.layout.trajectories
        for c in self.names.carries:
            place = self.names.slot(c.prev)
            first = Slot(place.array, "steps if against else 0") if place.index else place
            text(f"{c.prev} = {first.element('unit')}")
        with text.block("for tick in range(steps):"):
            text("time = steps - 1 - tick if against else tick")
            text.extend(slots(step))
            text.extend(step)
        for c in self.names.carries:
            if c.prev not in trajectories:
                text(f"{self.names.slot(c.prev).element('unit')} = {c.prev}")
