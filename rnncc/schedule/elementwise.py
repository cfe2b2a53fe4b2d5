"""Whether the loop of a schedule runs without products: each unit of each row then goes through time by itself."""

from rnncc.schedule.phase import Compute, Schedule


def is_elementwise(plan: Schedule) -> bool:
    """Whether a step is one phase of units, without a product, a reduction or a move: nothing in it waits for another unit."""
    if len(plan.step) != 1:
        return False
    (phase,) = plan.step
    return isinstance(phase, Compute) and bool(phase.size) and not (phase.panels or phase.reductions or phase.lines)
