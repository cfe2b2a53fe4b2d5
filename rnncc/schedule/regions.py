"""Which part of the schedule each value belongs to; derived from the graph, never declared."""

from collections.abc import Iterable
from dataclasses import dataclass

from rnncc.errors import InternalError
from rnncc.ir import Carry, Contract, Gather, Node, Pointwise, Program, components, feeds
from rnncc.schedule.sums import StageNames, ahead_of_sums, behind, downstream, waiting


@dataclass(frozen=True)
class Regions:
    """Names of values by region, and the carries by how they run."""

    reverse: bool
    carries: tuple[Carry, ...]
    prologue: frozenset[str]
    gathers: frozenset[str]
    stages: tuple[StageNames, ...]
    """Ahead of the loop, in an order that serves their dependencies: what carries outside every loop need, what sums that the loop
    waits for need, products that are made ahead."""
    step: frozenset[str]
    later: tuple[StageNames, ...]
    """Behind the loop: what sums that later whole sequences read need."""
    after: frozenset[str]
    totals: frozenset[str]
    epilogue: frozenset[str]


def regions(program: Program, hoist: bool = False) -> Regions:
    """Place every node of a program of one direction.

    Work that a loop does not wait for stays in its step while it is pointwise; products of whole sequences leave it.

    Parameters
    ----------
    program
        Of one direction.
    hoist
        Products that no carry reaches are made ahead of the loop, for whole sequences at once; else in the step, where they share
        accumulators with the others of their sum.

    Raises
    ------
    InternalError
        A carry that runs against the loop waits for it: the program has two directions.
    """
    reverse = _direction(program)
    shifts = [c for c in program.carries if _is_shift(program, c, reverse)]
    carries = tuple(c for c in program.carries if c not in shifts)
    varying = {n.name for n in program.nodes if "T" in n.type}
    gathers = {n.name for n in program.nodes if isinstance(n, Gather)}
    late = downstream(program, {v for v, axes in program.types.items() if "T" in axes} | {c.final for c in program.carries})
    timeless = {n.name for n in program.nodes} - varying
    _check_gathers(program, late)
    stages, carries = _ahead(program, varying - gathers, shifts, carries, gathers, hoist)
    before = {v for stage in stages for v in stage.every} | gathers
    ending = timeless & late - before
    after = _after(program, varying - before, {c.next for c in carries}, waiting(program, ending))
    *later, last = behind(program, after, ending)
    return Regions(
        reverse=reverse,
        carries=carries,
        prologue=frozenset(timeless - late),
        gathers=frozenset(gathers),
        stages=stages,
        step=frozenset(varying - before - after),
        later=tuple(later),
        after=last.timed,
        totals=last.totals,
        epilogue=last.values,
    )


def _ahead(
    program: Program, timed: set[str], shifts: list[Carry], carries: tuple[Carry, ...], gathers: set[str], hoist: bool
) -> tuple[tuple[StageNames, ...], tuple[Carry, ...]]:
    """The stages ahead of the loop, and the carries that are left to it."""
    stages = tuple(_stages(program, timed, shifts, carries))
    stages += ahead_of_sums(program, carries, {v for stage in stages for v in stage.every} | gathers)
    if hoist:
        ahead = _hoisted(program, timed, carries) - {v for stage in stages for v in stage.every}
        stages += (StageNames(frozenset(ahead)),) if ahead else ()
    before = {v for stage in stages for v in stage.every} | gathers
    at_hand = tuple(c for c in carries if c.next in before)
    stages += (StageNames(shifts=at_hand),) if at_hand else ()
    return stages, tuple(c for c in carries if c not in at_hand)


def _check_gathers(program: Program, late: set[str]) -> None:
    """Raise `InternalError` for columns of a matrix that is not there before the sequence."""
    for n in program.nodes:
        if isinstance(n, Gather) and n.a in late:
            raise InternalError(f"{program.name}: {n.name} picks columns of {n.a}, which waits for the sequence")


def _direction(program: Program) -> bool:
    """Of the loop; where there is none, of the carries that could run in one."""
    looped = {v for members, cyclic in components(program) if cyclic for v in members}
    running = [c for c in program.carries if c.prev in looped] or [c for c in program.carries if c.next not in program.input]
    return any(c.reverse for c in running)


def _is_shift(program: Program, carry: Carry, reverse: bool) -> bool:
    """Whole sequences from outside are shifted as such; so are values of carries that run against the loop."""
    return carry.next in program.input or carry.reverse != reverse


def _stages(program: Program, timed: set[str], shifts: list[Carry], carries: Iterable[Carry]) -> Iterable[StageNames]:
    """Each stage shifts what depends on earlier shifts alone."""
    needs = {c.prev: _feeding(program, {c.next}) for c in shifts}
    looped = {c.prev for c in carries}
    done: set[str] = set()
    left = list(shifts)
    while left:
        waiting = {c.prev for c in left}
        ready = [c for c in left if needs[c.prev].isdisjoint(waiting | looped)]
        if not ready:
            raise InternalError(f"{program.name}: the shifts {sorted(waiting)} wait for the loop or for each other")
        names = {v for c in ready for v in needs[c.prev]} & timed - done
        done |= names
        left = [c for c in left if c not in ready]
        yield StageNames(frozenset(names), tuple(ready))


def _hoisted(program: Program, timed: set[str], carries: Iterable[Carry]) -> set[str]:
    """Products of the loop that no carry reaches, the values they need, and what is made of them alone."""
    reached = downstream(program, {c.prev for c in carries})
    free = timed & feeds(program, {c.next for c in carries}) - reached
    products = {n.name for n in program.nodes if n.name in free and isinstance(n, Contract)}
    return free & (downstream(program, products) | _feeding(program, products)) if products else set()


def _feeding(program: Program, targets: set[str]) -> set[str]:
    return feeds(program, targets) | targets


def _after(program: Program, timed: set[str], wanted: set[str], waiting: set[str]) -> set[str]:
    """Products, reductions and moves that no carry waits for, what is `waiting` for sums over time, and what depends on these; all of
    it where there is no loop."""
    if not wanted:
        return set(timed)
    needed = _feeding(program, wanted)
    if not needed.isdisjoint(waiting):
        raise InternalError(f"{program.name}: the loop waits for sums of what it makes: {sorted(needed & waiting)}")
    found = timed & waiting
    for n in program.nodes:
        free = n.name in timed and n.name not in needed
        if free and (not isinstance(n, Pointwise) or not found.isdisjoint(n.operands)):
            found.add(n.name)
    return found | _sunk(program, timed - needed - found, found)


def _sunk(program: Program, free: set[str], after: set[str]) -> set[str]:
    """Pointwise work that only `after` reads, from values that are stored anyway: computed there, it need not be stored itself."""
    kept = {v for _, v in program.outputs} | {c.next for c in program.carries}
    stored = kept | set(program.input) | {o for n in program.nodes if n.name in after or "T" not in n.type for o in n.operands}
    readers: dict[str, set[str]] = {}
    found: set[str] = set()
    for n in reversed(program.nodes):
        by = readers.get(n.name, set())
        ready = all(o in stored or "T" not in program.types[o] for o in n.operands)
        if n.name in free - kept and ready and by and by <= after | found:
            found.add(n.name)
        for o in n.operands:
            readers.setdefault(o, set()).add(n.name)
    return found


def members(program: Program, names: frozenset[str]) -> tuple[Node, ...]:
    """The nodes called `names`, in the program's order."""
    return tuple(n for n in program.nodes if n.name in names)
