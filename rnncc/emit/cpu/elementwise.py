"""The time loop of a step without products: rows, then vectors of units, then time.

Each vector of units goes through time by itself, so that carries are local variables, in registers, and threads never meet. Every so
many steps the next vector takes its turn: what the row's neighbours read and write of these steps lies in the same pages and lines.
"""

from rnncc.emit.cpu.body import Body
from rnncc.emit.cpu.kernel import Kernel, slots
from rnncc.emit.cpu.layout import Slot
from rnncc.ir import Carry
from rnncc.schedule import Compute


class ElementwiseKernel(Kernel):
    """Writes the time loop of a schedule for which `is_elementwise` holds."""

    meets = False

    def _summary(self) -> str:
        return f"{super()._summary()}; each unit goes through time by itself, its state in registers"

    def _loops(self) -> None:
        (phase,) = (p for p in self.phases if isinstance(p, Compute))
        text, step = self.text, self._step(phase)
        text(f"low, high = share(groups({self.names.size(phase.size)}, width, 1), own, owners)")
        text("steps = len(live)")
        with text.block("for row in range(first, last):"):
            with text.block("while steps > 0 and live[steps - 1] <= row:"):
                text("steps -= 1")
            with text.block("for start in range(0, steps, CACHED_STEPS):"):
                text("stop = least(start + CACHED_STEPS, steps)")
                with text.block("for unit in range(low * width, high * width, width):"):
                    self._through_time(step)

    def _step(self, phase: Compute) -> list[str]:
        body = UnitBody(self.names, phase, {})
        lines = body.write({}).lines
        return [*body.before.lines, *lines]

    def _through_time(self, step: list[str]) -> None:
        text = self.text
        for c in self.names.carries:
            text(f"{c.prev} = load({self._first(c).at('row', 'unit')})")
        with text.block("for tick in range(start, stop):"):
            text("time = steps - 1 - tick if against else tick")
            text.extend(slots(step))
            text.extend(step)
        for c in self.names.carries:
            if c.prev not in self.names.layout.trajectories:
                text(f"store({c.prev}, {self.names.slot(c.prev).at('row', 'unit')})")

    def _first(self, c: Carry) -> Slot:
        """Where the value before step `start` of a row lies."""
        place = self.names.slot(c.prev)
        return Slot(place.array, "steps - start if against else start") if place.index else place


class UnitBody(Body):
    """The step of one vector of units, its carries local variables."""

    def _load(self, value: str) -> None:
        if all(c.prev != value for c in self.names.carries):
            super()._load(value)

    def _handed_on(self, c: Carry) -> list[str]:
        stored = super()._handed_on(c) if c.prev in self.layout.trajectories else []
        return [*stored, f"{c.prev} = {c.next}"]
