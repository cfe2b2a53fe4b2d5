"""How late each value can be had: the sweeps over time that it takes, and the loops of each sweep."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from rnncc.ir import Program, components, dependencies

NO_LOOP = -1


@dataclass
class Levels:
    """The result of `levels`.

    Attributes
    ----------
    available
        Value -> the sweep in which it can be computed, `NO_LOOP` for a value that needs none.
    ended
        Values that need the loops of their sweep to have ended: sums over time, finals, shifts against the sweep.
    loops
        Sweep -> the values of its cycles.
    reverse
        Sweep -> its direction.
    """

    available: dict[str, int] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    loops: dict[int, set[str]] = field(default_factory=dict)
    reverse: dict[int, bool] = field(default_factory=dict)


def levels(program: Program, late: Sequence[Collection[str]]) -> Levels:
    """The sweep of every value.

    Loops of one direction that wait for nothing share a sweep. Values that depend on the inputs in `late[k]` come after every sweep of
    those that depend on none of `late[k:]`.
    """
    return _Levels(program, late).run()


class _Levels:
    def __init__(self, program: Program, late: Sequence[Collection[str]]) -> None:
        self.program, self.late = program, late
        self.operands = dependencies(program)
        self.found = Levels()
        self.group: dict[str, int] = {}
        self.floor = NO_LOOP

    def run(self) -> Levels:
        parts = components(self.program)
        for members, _ in parts:
            own = max(self._own_group(v) for v in members)
            below = max((self.group[o] for v in members for o in self.operands[v] if o not in members), default=0)
            self.group |= dict.fromkeys(members, max(own, below))
        for group in range(len(self.late) + 1):
            for members, cyclic in parts:
                if self.group[next(iter(members))] == group:
                    self._place(members, cyclic)
            self.floor = max(self.found.available.values(), default=0)
            self.floor = max(self.floor, 0) + 1
        return self.found

    def _own_group(self, value: str) -> int:
        return max((k for k, names in enumerate(self.late, 1) if value in names), default=0)

    def _place(self, members: frozenset[str], cyclic: bool) -> None:
        if cyclic:
            self._place_loop(members)
            return
        (v,) = members
        level = max((self.found.available[o] for o in self.operands[v]), default=NO_LOOP)
        level = max(level, self.floor)
        self.found.available[v] = level
        if self._waits(v, level):
            self.found.ended.add(v)

    def _waits(self, value: str, level: int) -> bool:
        """Whether `value` needs the loops of sweep `level` to have ended."""
        if any(o in self.found.ended and self.found.available[o] == level for o in self.operands[value]):
            return True
        if level not in self.found.loops:
            return False
        if value in self.program.by_final:
            return True
        if value in self.program.by_prev:
            return self.program.by_prev[value].reverse != self.found.reverse[level]
        types = self.program.types
        return "T" not in types[value] and any("T" in types[o] for o in self.operands[value])

    def _place_loop(self, members: frozenset[str]) -> None:
        reverse = next(self.program.by_prev[v].reverse for v in members if v in self.program.by_prev)
        outside = {o for v in members for o in self.operands[v]} - members
        level = max(self.floor, 0)
        for o in outside:
            level = max(level, self.found.available[o] + (o in self.found.ended))
        while self.found.reverse.setdefault(level, reverse) != reverse:
            level += 1
        self.found.loops.setdefault(level, set()).update(members)
        self.found.available |= dict.fromkeys(members, level)
