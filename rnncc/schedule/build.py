"""schedule: Program -> Schedule.

Assumes: one direction a loop (what `split` returns), verified.
Guarantees: every node appears once, after its operands; a product stands in the phase of the sum that uses it, a reduction at the end
of the phase that computes what it reduces.
Does not do: choose storage, tiles or threads; that is the backends' business.
"""

from collections.abc import Iterable

from rnncc.errors import InternalError
from rnncc.ir import Axes, Concat, Contract, Gather, Node, Pointwise, Program, Reduce, Relabel, ScatterAdd, Slice, units
from rnncc.schedule.carries import separate_carries
from rnncc.schedule.copies import without_copies
from rnncc.schedule.panels import panels
from rnncc.schedule.phase import Compute, Move, Panel, Phase, Schedule, Stage, Total
from rnncc.schedule.regions import members, regions
from rnncc.schedule.sums import StageNames


def schedule(program: Program, hoist: bool = False) -> Schedule:
    """The order of work of `program`, copies read through and carries apart; `hoist` as of `regions`."""
    program = separate_carries(without_copies(program))
    r = regions(program, hoist)
    return Schedule(
        program=program,
        reverse=r.reverse,
        carries=r.carries,
        prologue=members(program, r.prologue),
        gathers=tuple(n for n in members(program, r.gathers) if isinstance(n, Gather)),
        stages=tuple(_stage(program, names) for names in r.stages),
        step=_phases(program, r.step),
        later=tuple(_stage(program, names) for names in r.later),
        after=_phases(program, r.after),
        totals=_totals(program, r.totals),
        epilogue=members(program, r.epilogue),
    )


def _stage(program: Program, names: StageNames) -> Stage:
    return Stage(_phases(program, names.timed), names.shifts, _totals(program, names.totals), members(program, names.values))


def _totals(program: Program, names: frozenset[str]) -> tuple[Total, ...]:
    """In the program's order, but what adds up a stream behind the products with it: these fetch it ahead."""
    found = [n for n in members(program, names) if isinstance(n, Contract | Reduce | ScatterAdd)]
    read = {stream: k for k, n in enumerate(found) if isinstance(n, Contract) for stream in (n.a, n.b)}
    place = {n.name: max(k, read.get(n.a, k)) if isinstance(n, Reduce) else k for k, n in enumerate(found)}
    return tuple(sorted(found, key=lambda n: (place[n.name], isinstance(n, Reduce))))


def _phases(program: Program, region: frozenset[str]) -> tuple[Phase, ...]:
    nodes = members(program, region)
    level = _levels(nodes)
    found: list[Phase] = []
    for k in range(-1, max(level.values(), default=-1) + 1):
        here = [n for n in nodes if level[n.name] == k]
        ending = [n for n in nodes if level[n.name] == k + 1 and isinstance(n, Reduce)]
        found += _moves(here)
        found += _computes(program, here, ending)
    return tuple(found)


def _moves(nodes: Iterable[Node]) -> list[Phase]:
    found: list[Phase] = []
    for n in nodes:
        match n:
            case Concat() | Slice() | Relabel():
                found.append(Move(n))
            case Pointwise() | Contract() | Reduce():
                continue
            case _:
                raise InternalError(f"{n.name}: no phase for a {type(n).__name__}")
    return found


def _computes(program: Program, nodes: list[Node], ending: list[Reduce]) -> list[Phase]:
    """One phase for each combination of unit axes, those of fewer axes first: a phase reads what phases of fewer axes make."""
    work = [n for n in nodes if isinstance(n, Pointwise | Contract)]
    types = program.types
    kinds = dict.fromkeys([*(units(n.type) for n in work), *(units(types[n.a]) for n in ending)])
    found: list[Phase] = []
    for axes in sorted(kinds, key=len):
        products = [n for n in work if isinstance(n, Contract) and units(n.type) == axes]
        pointwise = [n for n in work if isinstance(n, Pointwise) and units(n.type) == axes]
        reductions = tuple(n for n in ending if units(types[n.a]) == axes)
        found += _phase(axes, *panels(program, products, pointwise), reductions)
    return found


def _phase(axes: Axes, packed: tuple[Panel, ...], rest: tuple[Pointwise, ...], reductions: tuple[Reduce, ...]) -> list[Phase]:
    *lines, size = axes or ("",)
    if lines:
        return [Compute(size, packed, rest, reductions, lines[0])]
    if packed and reductions:
        return [Compute(size, packed, rest), Compute(size, (), (), reductions)]
    return [Compute(size, packed, rest, reductions)]


def _levels(nodes: tuple[Node, ...]) -> dict[str, int]:
    """A product, a reduction or a move opens a level after its operands'; pointwise work stays where its operands are.

    A product then moves up to the first level that uses it, so that products of one sum meet.
    """
    level: dict[str, int] = {}
    for n in nodes:
        ready = [level[o] for o in n.operands if o in level]
        opens = not isinstance(n, Pointwise) and bool(ready)
        level[n.name] = max(ready, default=0) + opens
    users = _users(nodes)
    for n in nodes:
        if isinstance(n, Contract) and users.get(n.name):
            level[n.name] = max(level[n.name], min(level[u.name] - (not isinstance(u, Pointwise)) for u in users[n.name]))
    return level


def _users(nodes: tuple[Node, ...]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for n in nodes:
        for o in n.operands:
            found.setdefault(o, []).append(n)
    return found
