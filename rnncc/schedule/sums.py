"""Sums over time that whole sequences read again: what is made of one comes in the stage behind it.

The rank of a value is how many such sums lie one behind the other on the way to it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from rnncc.errors import InternalError
from rnncc.ir import Carry, Program, dependencies, feeds


@dataclass(frozen=True)
class StageNames:
    """Values over whole sequences, then carries that shift them, sums of them over time, and what is made of these sums."""

    timed: frozenset[str] = frozenset()
    shifts: tuple[Carry, ...] = ()
    totals: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()

    @property
    def every(self) -> frozenset[str]:
        """All but the carries."""
        return self.timed | self.totals | self.values


def ahead_of_sums(program: Program, carries: Iterable[Carry], done: Collection[str]) -> tuple[StageNames, ...]:
    """The stages of the sums over time that the loop waits for; what is `done` is at hand.

    Raises `InternalError` where such a sum is of values of the loop.
    """
    looped = {c.prev for c in carries}
    wanted = feeds(program, {v for c in carries for v in (c.next, c.init)})
    totals = {v for v in wanted if _is_total(program, v)}
    timed = {v for v in feeds(program, totals) if v in program.node and "T" in program.types[v]} - set(done)
    if not downstream(program, looped).isdisjoint(totals):
        raise InternalError(f"{program.name}: the loop waits for sums of what it makes: {sorted(totals)}")
    values = {v for v in downstream(program, totals) & wanted if "T" not in program.types[v]} - totals
    return _staged(program, timed, totals, values - set(done)) if totals else ()


def behind(program: Program, after: set[str], ending: set[str]) -> tuple[StageNames, ...]:
    """The stages behind the loop, one at least: `after`, over whole sequences, and `ending`, without time.

    Sums that nothing over whole sequences reads again are made last.
    """
    totals = {v for v in ending if _is_total(program, v)}
    *stages, last = _staged(program, after, totals, ending - totals)
    read = feeds(program, after)
    done = {v for stage in stages for v in stage.every & read} | {v for stage in stages for v in stage.timed}
    kept = [StageNames(s.timed, (), s.totals & done, s.values & done) for s in stages]
    return (*kept, StageNames(last.timed, (), frozenset(totals - done), frozenset(ending - totals - done)))


def waiting(program: Program, ending: set[str]) -> set[str]:
    """What varies in time and is made of values without time that wait for the sequence."""
    return {v for v in downstream(program, ending) if "T" in program.types[v]}


def downstream(program: Program, sources: Iterable[str]) -> set[str]:
    """`sources`, and every node that is made of one."""
    found = set(sources)
    operands = dependencies(program)
    for n in program.nodes:
        if not found.isdisjoint(operands[n.name]):
            found.add(n.name)
    return found


def _staged(program: Program, timed: set[str], totals: set[str], values: set[str]) -> tuple[StageNames, ...]:
    """`timed`, `totals` and `values` by rank."""
    rank: dict[str, int] = {}
    for n in program.nodes:
        if n.name in timed | totals | values:
            behind_it = [rank[o] + (n.name in timed and o not in timed) for o in n.operands if o in rank]
            rank[n.name] = max(behind_it, default=0)

    def of(k: int, names: set[str]) -> frozenset[str]:
        return frozenset(v for v in names if rank[v] == k)

    last = max(rank.values(), default=0)
    return tuple(StageNames(of(k, timed), (), of(k, totals), of(k, values)) for k in range(last + 1))


def _is_total(program: Program, value: str) -> bool:
    """Whether `value` is a node that drops time."""
    node = program.node.get(value)
    return node is not None and "T" not in node.type and any("T" in program.types[o] for o in node.operands)
