"""The readable form of a schedule."""

from collections.abc import Iterable

from rnncc.ir import size_names
from rnncc.ir.printer import right_hand_side
from rnncc.schedule.phase import Accumulator, Compute, Move, Phase, Schedule, Stage


def show_schedule(plan: Schedule) -> str:
    """`plan` as text: a heading a region, a line a product or value."""
    lines = [f"schedule {plan.program.name}, {'against time' if plan.reverse else 'with time'}"]
    lines += _section("prologue", (f"{n.name} = {right_hand_side(n)}" for n in plan.prologue))
    lines += _section("gathers", (f"{n.name} = {right_hand_side(n)}" for n in plan.gathers))
    for stage in plan.stages:
        lines += _stage("before the loop", stage)
    lines += _section("step", _phases(plan.step))
    lines += _section("carries", (f"{c.prev} <- {c.next}, first {c.init}, final {c.final}" for c in plan.carries))
    for stage in plan.later:
        lines += _stage("after the loop", stage)
    lines += _stage("after the loop", Stage(plan.after, (), plan.totals))
    lines += _section("epilogue", (f"{n.name} = {right_hand_side(n)}" for n in plan.epilogue))
    return "\n".join(lines)


def _stage(title: str, stage: Stage) -> list[str]:
    lines = _section(title, _phases(stage.phases))
    lines += _section("shifts", (f"{c.prev} = shift of {c.next} from {c.init}" for c in stage.shifts))
    lines += _section("sums over time", (f"{n.name} = {right_hand_side(n)}" for n in stage.totals))
    return lines + _section("of these sums", (f"{n.name} = {right_hand_side(n)}" for n in stage.values))


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = [f"    {line}" for line in lines]
    return [f"  {title}", *found] if found else []


def _phases(phases: tuple[Phase, ...]) -> list[str]:
    return [line for k, phase in enumerate(phases, 1) for line in _phase(k, phase)]


def _phase(number: int, phase: Phase) -> list[str]:
    match phase:
        case Compute():
            head = f"phase {number}: {described(phase)}"
            sums = [f"  {_sum(a)}" for p in phase.panels for a in p.accumulators]
            return [head, *sums, *(f"  {n.name} = {right_hand_side(n)}" for n in phase.values)]
        case Move():
            return [f"phase {number}: {phase.node.name} = {right_hand_side(phase.node)}"]


def described(phase: Compute) -> str:
    """What the values of a phase are."""
    if phase.lines:
        return f"matrices of {'+'.join(size_names(phase.lines))} by {'+'.join(size_names(phase.size))}"
    return f"units of {phase.size}" if phase.size else "one value a row"


def _sum(accumulator: Accumulator) -> str:
    terms = (f"{t.weight}{'ᵀ' if t.transposed else ''} @ {t.operand}" for t in accumulator.terms)
    return f"{accumulator.value} = {' + '.join(terms)}"
