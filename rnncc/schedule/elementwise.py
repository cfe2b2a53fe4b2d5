"""Whether units meet in the loop of a schedule: where they do not, each unit of each row goes through time by itself."""

from rnncc.schedule.phase import Compute, Schedule


def is_elementwise(plan: Schedule) -> bool:
    """Whether a step is one phase of units, without a product, a reduction or a move: nothing in it waits for another unit."""
    return is_apart(plan) and not any(isinstance(phase, Compute) and phase.panels for phase in plan.step)


def is_apart(plan: Schedule) -> bool:
    """As `is_elementwise`, but that products may stand in the step, of what no step makes."""
    if len(plan.step) != 1:
        return False
    (phase,) = plan.step
    if not isinstance(phase, Compute) or not phase.size or phase.reductions or phase.lines:
        return False
    made = {n.name for n in phase.nodes} | {v for c in plan.carries for v in (c.prev, c.next)}
    return made.isdisjoint(o for panel in phase.panels for o in panel.operands)
