"""The time loop of a step without products."""

from dataclasses import replace
from typing import ClassVar

from rnncc.emit.cpu.body import Body
from rnncc.emit.cpu.kernel import slots
from rnncc.emit.cuda.body import ThreadUnitBody
from rnncc.emit.cuda.kernel import DeviceKernel
from rnncc.ir import Carry
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
        step = self._step(self.body(self.names, phase, {}))
        with text.block(f"for item in range(number, batch * {size}, threads):"):
            text(f"row, unit = item // {size}, item % {size}")
            text("steps = len(live)")
            with text.block("while steps > 0 and live[steps - 1] <= row:"):
                text("steps -= 1")
            self._first_states()
            self._through_time(step, "steps")
            self._last_states()

    def _step(self, body: Body) -> list[str]:
        lines = body.write({}).lines
        return [*body.before.lines, *lines]

    def _first_states(self) -> None:
        for c in self.names.carries:
            self.text(f"{c.prev} = {self._where_begun(c)}")

    def _where_begun(self, c: Carry) -> str:
        """Where the state lies that a sequence begins with."""
        place = self.names.slot(c.prev)
        first = replace(place, index="steps if against else 0") if place.index else place
        return first.element("unit")

    def _through_time(self, step: list[str], ticks: str) -> None:
        with self.text.block(f"for tick in range({ticks}):"):
            self.text("time = steps - 1 - tick if against else tick")
            self.text.extend(slots(step))
            self.text.extend(step)

    def _last_states(self) -> None:
        for c in self._in_place:
            self.text(f"{self.names.slot(c.prev).element('unit')} = {c.prev}")

    @property
    def _in_place(self) -> list[Carry]:
        """Carries of which the last state alone is kept."""
        return [c for c in self.names.carries if c.prev not in self.names.layout.trajectories]
