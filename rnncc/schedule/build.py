"""schedule: Program -> Schedule.

Assumes: one direction a loop (what `split` returns), verified.
Guarantees: every node appears once, after its operands; a product stands in the phase of the sum that uses it.
Does not do: choose storage, tiles or threads; that is the backends' business.
"""

from collections.abc import Iterable

from rnncc.errors import InternalError
from rnncc.ir import Concat, Contract, Node, Pointwise, Program, Reduce, Slice, units
from rnncc.schedule.panels import panels
from rnncc.schedule.phase import Compute, Move, Phase, Reduction, Schedule
from rnncc.schedule.regions import members, regions


def schedule(program: Program) -> Schedule:
    """The order of work of `program`."""
    r = regions(program)
    totals = members(program, r.totals)
    return Schedule(
        program=program,
        reverse=r.reverse,
        shifts=r.shifts,
        carries=r.carries,
        prologue=members(program, r.prologue),
        before=_phases(program, r.before),
        step=_phases(program, r.step),
        after=_phases(program, r.after),
        totals=tuple(n for n in totals if isinstance(n, Contract | Reduce)),
        epilogue=members(program, r.epilogue),
    )


def _phases(program: Program, region: frozenset[str]) -> tuple[Phase, ...]:
    nodes = members(program, region)
    level = _levels(program, nodes)
    found: list[Phase] = []
    for k in range(max(level.values(), default=-1) + 1):
        here = [n for n in nodes if level[n.name] == k]
        found += _memory_phases(here)
        found += _compute_phases(program, here)
    return tuple(found)


def _memory_phases(nodes: Iterable[Node]) -> list[Phase]:
    found: list[Phase] = []
    for n in nodes:
        match n:
            case Reduce():
                found.append(Reduction(n))
            case Concat() | Slice():
                found.append(Move(n))
            case Pointwise() | Contract():
                continue
            case _:
                raise InternalError(f"{n.name}: no phase for a {type(n).__name__}")
    return found


def _compute_phases(program: Program, nodes: list[Node]) -> list[Phase]:
    """One phase a unit axis. Values of one number a row come first; apart from those, phases of one level are independent."""
    work = [n for n in nodes if isinstance(n, Pointwise | Contract)]
    found: list[Phase] = []
    for size in sorted(dict.fromkeys(_unit(n) for n in work), key=bool):
        products = [n for n in work if isinstance(n, Contract) and _unit(n) == size]
        pointwise = [n for n in work if isinstance(n, Pointwise) and _unit(n) == size]
        packed, rest = panels(program, products, pointwise)
        found.append(Compute(size, packed, rest))
    return found


def _unit(node: Node) -> str:
    axes = units(node.type)
    if len(axes) > 1:
        raise InternalError(f"{node.name}: values with two unit axes have no phase")
    return axes[0] if axes else ""


def _levels(program: Program, nodes: tuple[Node, ...]) -> dict[str, int]:
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
