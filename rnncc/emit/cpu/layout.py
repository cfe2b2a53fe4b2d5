"""Where each value that varies in time lies in memory.

| place | shape | who |
|---|---|---|
| stream `v_seq` | (T, N, units) | inputs, residuals, results, operands of whole-sequence work |
| trajectory `h_seq` | (T + 1, N, units) | a carry still read while its next value is written: slot `before` the step, slot `after` it |
| row `c_row` | (N, units) | a carry updated in place; a value needed by a later phase of the same step |
| register | – | everything else |
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rnncc.ir import Carry, Pointwise, units
from rnncc.schedule import Compute, Phase, Schedule


@dataclass(frozen=True)
class Slot:
    """An array and the index of its first axis: `time`, `before`, `after`, or "" for an array of rows."""

    array: str
    index: str

    def at(self, *rest: str) -> str:
        """`h_seq, before, row, unit`."""
        return ", ".join(part for part in (self.array, self.index, *rest) if part)


class Layout:
    """Slots of one schedule.

    Parameters
    ----------
    plan
        The schedule.
    kept
        Carries of an earlier sweep, by `prev`, whose trajectories are at hand.
    streams
        Values that a later sweep reads.
    """

    def __init__(self, plan: Schedule, kept: dict[str, Carry], streams: Iterable[str] = ()) -> None:
        self.plan = plan
        self.program = plan.program
        self.kept = kept
        self.slot: dict[str, Slot] = {}
        self.trajectories: set[str] = set()
        self._phase = {v: k for k, phase in enumerate(plan.step) for v in _defined(phase)}
        self._whole = self._wanted_whole() | set(streams)
        self._place_given()
        self._place_carries()
        for phases in (plan.before, plan.step, plan.after):
            self._place_produced(phases)

    def _wanted_whole(self) -> set[str]:
        """Values of the step that are read outside it."""
        plan = self.plan
        found = {value for _, value in self.program.outputs} | {c.next for c in plan.shifts}
        for n in plan.totals:
            found.update(n.operands)
        inner = {v for phase in plan.before for v in _read(phase)}
        outer = {v for phase in plan.after for v in _read(phase)}
        made_before = {v for phase in plan.before for v in _defined(phase)}
        made_after = {v for phase in plan.after for v in _defined(phase)}
        in_step = {v for phase in plan.step for v in _read(phase)}
        return found | (outer - made_after) | (inner - made_before) | (in_step & made_before)

    def _place_given(self) -> None:
        for i in self.program.inputs:
            if "T" in i.type:
                self.slot[i.name] = self._kept_slot(i.name) or Slot(f"{i.name}_seq", "time")
        for c in self.plan.shifts:
            own = self.kept.get(c.prev)
            self.slot[c.prev] = Slot(f"{c.prev}_seq", self._side(own, "before")) if own else Slot(f"{c.prev}_seq", "time")

    def _kept_slot(self, value: str) -> Slot | None:
        for prev, carry in self.kept.items():
            if value in (prev, carry.next):
                return Slot(f"{prev}_seq", self._side(carry, "before" if value == prev else "after"))
        return None

    def _side(self, carry: Carry, side: str) -> str:
        """Slots are named in this loop's direction; a trajectory of a loop that ran the other way has them exchanged."""
        if carry.reverse == self.plan.reverse:
            return side
        return {"before": "after", "after": "before"}[side]

    def _place_carries(self) -> None:
        for c in self.plan.carries:
            if self._needs_trajectory(c):
                self.trajectories.add(c.prev)
                self.slot[c.prev] = Slot(f"{c.prev}_seq", "before")
                self.slot.setdefault(c.next, Slot(f"{c.prev}_seq", "after"))
            else:
                self.slot[c.prev] = Slot(f"{c.prev}_row", "")

    def _needs_trajectory(self, c: Carry) -> bool:
        if c.prev in self._whole or c.next in self._whole:
            return True
        written = self._phase[c.next]
        readers = [k for k, phase in enumerate(self.plan.step) if c.prev in _read(phase)]
        return any(k > written for k in readers) or any(c.prev in _read_whole_rows(p) for p in self.plan.step)

    def _place_produced(self, phases: tuple[Phase, ...]) -> None:
        last_read = {v: k for k, phase in enumerate(phases) for v in _read(phase)}
        rows = {v for phase in phases for v in _read_whole_rows(phase)}
        for k, phase in enumerate(phases):
            for v in _defined(phase):
                in_memory = v in rows or last_read.get(v, k) > k or not isinstance(phase, Compute)
                if v in self.slot:
                    continue
                if v in self._whole:
                    self.slot[v] = Slot(f"{v}_seq", "time")
                elif in_memory:
                    self.slot[v] = Slot(f"{v}_row", "")

    def unit(self, value: str) -> str:
        """The unit axis of a value, "" where it has none."""
        axes = units(self.program.types[value])
        return axes[0] if axes else ""


def _defined(phase: Phase) -> tuple[str, ...]:
    if isinstance(phase, Compute):
        return (*(a.value for p in phase.panels for a in p.accumulators), *(n.name for n in phase.nodes))
    return (phase.node.name,)


def _read(phase: Phase) -> set[str]:
    if isinstance(phase, Compute):
        return {o for n in phase.nodes for o in n.operands} | _read_whole_rows(phase)
    return set(phase.node.operands)


def _read_whole_rows(phase: Phase) -> set[str]:
    """What a phase reads at other units than the one it writes."""
    if isinstance(phase, Compute):
        return {o for p in phase.panels for o in p.operands}
    return set(phase.node.operands)


def step_values(plan: Schedule) -> dict[str, Pointwise]:
    """Pointwise nodes of the step by name."""
    return {n.name: n for phase in plan.step if isinstance(phase, Compute) for n in phase.nodes}
