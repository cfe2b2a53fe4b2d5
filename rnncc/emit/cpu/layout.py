"""Where each value that varies in time lies in memory.

| place | shape | who |
|---|---|---|
| stream `v_seq` | (T, N, units) | inputs, residuals, results, operands of whole-sequence work, gathers |
| trajectory `h_seq` | (T + 1, N, units) | a carry still read while its next value is written: slot `before` the step, slot `after` it |
| row `c_row` | (N, units) | a carry updated in place; a value needed by a later phase of the same step |
| that of the sum | | a running sum that the phases of a step add to, one after the other |
| sums `v_sums` | (stretches, N, units) | what nothing reads but its sum over time and batch: a loop adds it up, stretch by stretch |
| register | – | everything else |
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from rnncc.emit.cpu.added_up import added_up
from rnncc.emit.cpu.running_sums import running_sums
from rnncc.ir import Carry, Contract, Pointwise, units
from rnncc.schedule import Compute, Phase, Schedule


@dataclass(frozen=True)
class Slot:
    """An array and the index of its first axis: `time`, `before`, `after`, or "" for an array of rows.

    Of several values that lie side by side in one array `part` is the number of this one, the index behind that of the row.
    """

    array: str
    index: str
    part: str = ""
    narrow: bool = False
    """It may be kept in fewer bits than it is computed in."""

    @property
    def own(self) -> str:
        """The array of this value alone: `h_seq`, or `a_to_b_seq[:, :, 1]`."""
        return f"{self.array}[:, :, {self.part}]" if self.part else self.array

    def at(self, *rest: str) -> str:
        """`h_seq, before, row, unit`."""
        return ", ".join(part for part in (self.array, self.index, *rest) if part)

    def element(self, *unit: str) -> str:
        """`h_seq[before, row, unit]`."""
        return self.indexed("row", *unit)

    def indexed(self, *rest: str) -> str:
        """`h_seq[before, row, unit]`, or the array itself where nothing is left to index by."""
        indices = ", ".join(part for part in (self.index, *rest[:1], *([self.part] if rest else []), *rest[1:]) if part)
        return f"{self.array}[{indices}]" if indices else self.array


STRETCH = "stretch"
"""The index of arrays that a loop adds to."""


class Layout:
    """Slots of one schedule.

    Parameters
    ----------
    plan
        The schedule.
    kept
        Carries of an earlier sweep, by `prev`, whose trajectories are at hand: inputs called as a carry's `prev` or `next` lie there.
    streams
        Values that a later sweep reads.
    narrow
        Streams from sweep to sweep that may be kept in fewer bits than they are computed in.
    """

    adds_up: ClassVar[bool] = True
    """Whether loops add up what nothing else reads."""

    def __init__(
        self, plan: Schedule, kept: Mapping[str, Carry], streams: Iterable[str] = (), narrow: frozenset[str] = frozenset()
    ) -> None:
        self.plan = plan
        self.program = plan.program
        self.kept = kept
        self.slot: dict[str, Slot] = {}
        self.trajectories: set[str] = set()
        self._phase = {v: k for k, phase in enumerate(plan.step) for v in defined(phase)}
        self._streams = set(streams)
        self._whole = self._wanted_whole() | self._streams
        self._place_sums()
        self._place_given()
        self._place_carries()
        for phases in (*(s.phases for s in plan.whole), plan.step):
            self._place_produced(phases)
            self._share(phases)
        values = Counter(place.array for place in self.slot.values())  # a running sum is kept as it is
        self.slot.update({v: replace(self.slot[v], narrow=True) for v in narrow if values[self.slot[v].array] == 1})

    def _wanted_whole(self) -> set[str]:
        """Values read outside the region that makes them."""
        plan = self.plan
        found = {value for _, value in self.program.outputs}
        found.update(c.next for stage in plan.whole for c in stage.shifts)
        found.update(o for stage in plan.whole for n in stage.totals for o in n.operands)
        found |= _taken(plan.step) - {c.prev for c in plan.carries}
        return found.union(*(_taken(stage.phases) for stage in plan.whole))

    def _place_sums(self) -> None:
        """What a later sweep reads is a stream."""
        for value in added_up(self.plan) if self.adds_up else ():
            if value not in self._streams:
                self.slot[value] = Slot(f"{value}_sums", STRETCH)

    def _place_given(self) -> None:
        for i in self.program.inputs:
            if "T" in i.type:
                self.slot[i.name] = self._kept_slot(i.name) or Slot(f"{i.name}_seq", "time")
        for n in self.plan.gathers:
            self.slot[n.name] = Slot(f"{n.name}_seq", "time")
        for stage in self.plan.stages:
            for c in stage.shifts:
                self.slot[c.prev] = Slot(f"{c.prev}_seq", "time")

    def _kept_slot(self, value: str) -> Slot | None:
        """Slots are named in this loop's direction; a trajectory of a loop that ran the other way has them exchanged."""
        for prev, carry in self.kept.items():
            if value in (prev, carry.next):
                sooner = (value == prev) == (carry.reverse == self.plan.reverse)
                return Slot(f"{prev}_seq", "before" if sooner else "after")
        return None

    def _place_carries(self) -> None:
        for c in self.plan.carries:
            if self._needs_trajectory(c):
                self.trajectories.add(c.prev)
                self.slot[c.prev] = Slot(f"{c.prev}_seq", "before")
                self.slot.setdefault(c.next, Slot(f"{c.prev}_seq", "after"))
            else:
                self.slot[c.prev] = Slot(f"{c.prev}_row", "")

    def _needs_trajectory(self, c: Carry) -> bool:
        if c.prev in self._whole or c.next in self._whole or not isinstance(self.program.node[c.next], Pointwise | Contract):
            return True
        written = self._phase[c.next]
        readers = [k for k, phase in enumerate(self.plan.step) if c.prev in reads(phase)]
        return any(k > written for k in readers) or any(c.prev in _read_whole_rows(p) for p in self.plan.step)

    def _place_produced(self, phases: tuple[Phase, ...]) -> None:
        segment = {id(phase): k for k, run in enumerate(segments(phases)) for phase in run}
        rows = {v for phase in phases for v in _read_whole_rows(phase)}
        for k, phase in enumerate(phases):
            for v in defined(phase):
                if v in self.slot:
                    continue
                later = [other for other in phases[k + 1 :] if v in reads(other)]
                if not units(self.program.types.get(v, ("unit",))):  # stays in a register as long as the row does
                    later = [other for other in later if segment[id(other)] != segment[id(phase)]]
                if v in self._whole:
                    self.slot[v] = Slot(f"{v}_seq", "time")
                elif v in rows or later or not isinstance(phase, Compute):
                    self.slot[v] = Slot(f"{v}_row", "")

    def _share(self, phases: tuple[Phase, ...]) -> None:
        """A running sum lies where the phase after leaves it."""
        nodes = [n for phase in phases if isinstance(phase, Compute) for n in phase.nodes]
        stored = {v: place == Slot(f"{v}_row", "") for v, place in self.slot.items() if place.index in ("", "time")}
        for value, later in running_sums(self.program, nodes, stored).items():
            self.slot[value] = self.slot[later]


def segments(phases: tuple[Phase, ...]) -> list[tuple[Phase, ...]]:
    """Runs of phases that take one row after another; alone those with products, which take a tile of rows, and of matrices."""
    found: list[tuple[Phase, ...]] = []
    for phase in phases:
        if found and not _stands_alone(phase) and not _stands_alone(found[-1][-1]):
            found[-1] = (*found[-1], phase)
        else:
            found.append((phase,))
    return found


def _stands_alone(phase: Phase) -> bool:
    """Threads that share units wait for each other around products and matrices, which read units of other threads."""
    return isinstance(phase, Compute) and bool(phase.panels or phase.lines)


def defined(phase: Phase) -> tuple[str, ...]:
    """The values that a phase makes, in order."""
    if not isinstance(phase, Compute):
        return (phase.node.name,)
    sums = (a.value for p in phase.panels for a in p.accumulators)
    return (*sums, *(n.name for n in phase.values))


def _taken(phases: tuple[Phase, ...]) -> set[str]:
    """What a region reads and does not make."""
    return {v for phase in phases for v in reads(phase)} - {v for phase in phases for v in defined(phase)}


def reads(phase: Phase) -> set[str]:
    """The values that a phase reads."""
    if isinstance(phase, Compute):
        return {o for n in phase.values for o in n.operands} | _read_whole_rows(phase)
    return set(phase.node.operands)


def _read_whole_rows(phase: Phase) -> set[str]:
    """What a phase reads at other units than the one it writes."""
    if isinstance(phase, Compute):
        return {o for p in phase.panels for o in p.operands}
    return set(phase.node.operands)
