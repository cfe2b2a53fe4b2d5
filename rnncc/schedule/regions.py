"""Which part of the schedule each value belongs to; derived from the graph, never declared."""

from collections.abc import Iterable
from dataclasses import dataclass

from rnncc.errors import InternalError
from rnncc.ir import Carry, Contract, Gather, Node, Pointwise, Program, components, dependencies, feeds


@dataclass(frozen=True)
class Regions:
    """Names of values by region, and the carries by how they run."""

    reverse: bool
    carries: tuple[Carry, ...]
    prologue: frozenset[str]
    gathers: frozenset[str]
    stages: tuple[tuple[frozenset[str], tuple[Carry, ...]], ...]
    """Values needed by carries outside every loop, and those carries, in an order that serves their dependencies."""
    step: frozenset[str]
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
    timed = varying - gathers
    stages, carries = _ahead(program, timed, shifts, carries, gathers, hoist)
    before = {v for names, _ in stages for v in names} | gathers
    after = _after(program, timed - before, {c.next for c in carries})
    late = _downstream(program, {v for v, axes in program.types.items() if "T" in axes} | {c.final for c in program.carries})
    totals = {n.name for n in program.nodes if n.name not in varying and any("T" in program.types[o] for o in n.operands)}
    timeless = {n.name for n in program.nodes} - varying - totals
    _check_gathers(program, late)
    return Regions(
        reverse=reverse,
        carries=carries,
        prologue=frozenset(timeless - late),
        gathers=frozenset(gathers),
        stages=stages,
        step=frozenset(timed - before - after),
        after=frozenset(after),
        totals=frozenset(totals),
        epilogue=frozenset(timeless & late),
    )


def _ahead(
    program: Program, timed: set[str], shifts: list[Carry], carries: tuple[Carry, ...], gathers: set[str], hoist: bool
) -> tuple[tuple[tuple[frozenset[str], tuple[Carry, ...]], ...], tuple[Carry, ...]]:
    """The stages ahead of the loop, and the carries that are left to it."""
    stages = tuple(_stages(program, timed, shifts, carries))
    if hoist:
        ahead = _hoisted(program, timed, carries) - {v for names, _ in stages for v in names}
        stages += ((frozenset(ahead), ()),) if ahead else ()
    before = {v for names, _ in stages for v in names} | gathers
    at_hand = tuple(c for c in carries if c.next in before)
    stages += ((frozenset(), at_hand),) if at_hand else ()
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


def _stages(
    program: Program, timed: set[str], shifts: list[Carry], carries: Iterable[Carry]
) -> Iterable[tuple[frozenset[str], tuple[Carry, ...]]]:
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
        yield frozenset(names), tuple(ready)


def _hoisted(program: Program, timed: set[str], carries: Iterable[Carry]) -> set[str]:
    """Products of the loop that no carry reaches, the values they need, and what is made of them alone."""
    reached = _downstream(program, {c.prev for c in carries})
    free = timed & feeds(program, {c.next for c in carries}) - reached
    products = {n.name for n in program.nodes if n.name in free and isinstance(n, Contract)}
    return free & (_downstream(program, products) | _feeding(program, products)) if products else set()


def _feeding(program: Program, targets: set[str]) -> set[str]:
    return feeds(program, targets) | targets


def _after(program: Program, timed: set[str], wanted: set[str]) -> set[str]:
    """Products, reductions and moves that no carry waits for, and what depends on them; all of it where there is no loop."""
    if not wanted:
        return set(timed)
    needed = _feeding(program, wanted)
    found: set[str] = set()
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


def _downstream(program: Program, sources: Iterable[str]) -> set[str]:
    found = set(sources)
    operands = dependencies(program)
    for n in program.nodes:
        if not found.isdisjoint(operands[n.name]):
            found.add(n.name)
    return found


def members(program: Program, names: frozenset[str]) -> tuple[Node, ...]:
    """The nodes called `names`, in the program's order."""
    return tuple(n for n in program.nodes if n.name in names)
