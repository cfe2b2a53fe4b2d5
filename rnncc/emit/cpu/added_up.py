"""What a loop can add up as it goes: numbers that are made to be summed over time and batch, and for nothing else."""

from collections.abc import Iterator

from rnncc.ir import Reduce, units
from rnncc.schedule import Compute, Schedule


def added_up(plan: Schedule) -> set[str]:
    """Vectors of units that a phase of the loop makes, and nothing beyond that phase reads but one sum."""
    types = plan.program.types
    sums = {t.name: t.a for t in plan.totals if isinstance(t, Reduce) and t.op == "sum" and t.type == units(types[t.a])}
    kept = {v for _, v in plan.program.outputs} | {v for c in plan.program.carries for v in (c.init, c.next)}
    return {value for value, readers in _read_beyond(plan) if [sums.get(r) for r in readers] == [value] and value not in kept}


def _read_beyond(plan: Schedule) -> Iterator[tuple[str, list[str]]]:
    """Each vector of units that a phase of the loop makes beside its products, and what reads it beyond that phase."""
    for phase in plan.step:
        if isinstance(phase, Compute):
            own = {n.name for n in phase.values}
            for n in phase.nodes:
                if units(n.type) == (phase.size,):
                    yield n.name, [m.name for m in plan.program.nodes if n.name in m.operands and m.name not in own]
