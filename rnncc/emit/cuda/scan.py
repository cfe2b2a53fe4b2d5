"""The time loop of a step without products that is affine in its states, as a scan: chunks of its steps side by side.

One kernel composes the steps of each chunk to the map of its states, another finds by these maps the states that each chunk begins
with and runs its steps. Both take a thread a unit and chunk; with one chunk there is nothing to compose.
"""

from rnncc.emit.cpu.body import Body
from rnncc.emit.cpu.layout import Layout
from rnncc.emit.cpu.names import Names
from rnncc.emit.cpu.text import wrapped
from rnncc.emit.cuda.body import ThreadUnitBody
from rnncc.emit.cuda.unit import UnitKernel
from rnncc.schedule import Compute, Phase
from rnncc.structure import StepMap

_PLACE = "maps[{}, {}, row, unit]"


class ChunkKernel(UnitKernel):
    """Every step of each chunk.

    Parameters
    ----------
    name, layout, phases
        As of `Kernel`.
    found
        What a step is of its states.
    """

    def __init__(self, name: str, layout: Layout, phases: tuple[Phase, ...], found: StepMap) -> None:
        self.found = found
        super().__init__(name, layout, phases, in_loop=True)

    def _head(self) -> list[str]:
        return ["batch", "live", "against", "maps"]

    def _role(self) -> str:
        return "Every step of a chunk of a row's unit, its state in registers"

    def _loops(self) -> None:
        (phase,) = (p for p in self.phases if isinstance(p, Compute))
        text, size = self.text, self.names.size(phase.size)
        step = self._step(self.body(self.names, phase, {}))
        with text.block(f"for item in range(number, len(maps) * batch * {size}, threads):"):
            text(f"chunk, row, unit = item // {size} // batch, item // {size} % batch, item % {size}")
            text("steps = steps_of(live, row)")
            self._chunk(step)

    def _chunk(self, step: list[str]) -> None:
        """A chunk's steps, from the state that those before it lead to."""
        text, states = self.text, self.found.carries
        text("start, stop = ticks_of(chunk, len(maps), len(live), steps)")
        with text.block("if len(maps) == 1:"):
            self._first_states()
        with text.block("else:"):
            text.extend(f"{c.prev} = {_PLACE.format(0, k)}" for k, c in enumerate(states))
            with text.block("for sooner in range(1, chunk + 1):"):
                text.extend(_assigned([c.prev for c in states], [self._mapped(k) for k in range(len(states))]))
        self._through_time(step, "start, stop")
        if self._in_place:
            with text.block("if start < stop and stop == steps:"):
                self._last_states()

    def _mapped(self, k: int) -> str:
        """State number `k` behind a chunk."""
        states, entries = self.found.carries, enumerate(self.found.slopes, len(self.found.carries))
        moved = [f"{_PLACE.format('sooner', n)} * {states[s.before].prev}" for n, s in entries if s.after == k]
        return " + ".join([_PLACE.format("sooner", k), *moved])


class MapKernel(ChunkKernel):
    """What the steps of each chunk but the last make of the states before it; ahead of those the states that sequences begin with."""

    def _role(self) -> str:
        return "Where each chunk of a row's unit begins, as a map of where the one before it does"

    def _summary(self) -> str:
        return ", ".join(c.prev for c in self.found.carries)

    def _step(self, _body: Body) -> list[str]:
        (phase,) = (p for p in self.phases if isinstance(p, Compute))
        body = _MapBody(self.names, Compute(phase.size, (), self.found.nodes), self.found)
        return [*super()._step(body), *(f"{s.name} = {s.next or '0.0'}" for s in self.found.slopes)]

    def _chunk(self, step: list[str]) -> None:
        text, found = self.text, self.found
        with text.block("if chunk == 0:"):
            text.extend(f"{_PLACE.format(0, k)} = {self._where_begun(c)}" for k, c in enumerate(found.carries))
        with text.block("else:"):
            text("start, stop = ticks_of(chunk - 1, len(maps), len(live), steps)")
            begun = {c.prev: 0.0 for c in found.carries} | {s.name: s.first for s in found.slopes}
            text.extend(f"{name} = {number!r}" for name, number in begun.items())
            self._through_time(step, "start, stop")
            text.extend(f"{_PLACE.format('chunk', k)} = {name}" for k, name in enumerate(begun))


class _MapBody(ThreadUnitBody):
    """A step that stores nothing; what it hands on stays in registers."""

    def __init__(self, names: Names, phase: Compute, found: StepMap) -> None:
        super().__init__(names, phase, {})
        self.known.update({s.name: s.name for s in found.slopes})

    def _keep(self, value: str) -> None:
        self.late += [f"{c.prev} = {value}" for c in self.names.carries if c.next == value]


def _assigned(names: list[str], values: list[str]) -> list[str]:
    """The lines that assign `values` to `names`, all at once."""
    if len(names) == 1:
        return [f"{names[0]} = {values[0]}"]
    return wrapped(f"{', '.join(names)} = (", values, ")")
