"""Which values lie side by side in one array, so that one product reads, or makes, all of them.

Operands that some product reads together, of one type, are such values, and so are the streams of one weighted sum over time. The order
in which they lie is one in which those of each product follow each other, where there is such an order.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from rnncc.emit.cpu.driver import factors
from rnncc.emit.cpu.layout import Slot
from rnncc.ir import Contract, Reduce, units
from rnncc.schedule import Compute, Panel, Phase, Schedule, Total


@dataclass(frozen=True)
class Run:
    """Operands that follow each other in one array; or one that lies in an array of its own.

    Parameters
    ----------
    operands
        Their names.
    place
        Where the first of them lies.
    """

    operands: tuple[str, ...]
    place: Slot

    @property
    def first(self) -> int:
        """Number of the first of them in its array."""
        return int(self.place.part or 0)

    @property
    def parts(self) -> int:
        """How many there are."""
        return len(self.operands)


def runs(slot: Mapping[str, Slot], operands: Iterable[str], apart: Container[str] = ()) -> list[Run]:
    """`operands` in their order, those together that follow each other in one array; none of those `apart`."""
    found: list[Run] = []
    for operand in operands:
        last = found[-1] if found else None
        if last and operand not in apart and last.operands[0] not in apart and _follows(slot[operand], last):
            found[-1] = Run((*last.operands, operand), last.place)
        else:
            found.append(Run((operand,), slot[operand]))
    return found


def _follows(place: Slot, run: Run) -> bool:
    same = (place.array, place.index) == (run.place.array, run.place.index)
    return bool(place.part) and same and int(place.part) == run.first + run.parts


def ordered(slot: Mapping[str, Slot], panel: Panel) -> Panel:
    """`panel` with the operands of one array together, in the order in which they lie there."""
    arrays = [slot[o].array for o in panel.operands]
    places = [(arrays.index(slot[o].array), int(slot[o].part or 0)) for o in panel.operands]
    order = sorted(range(len(places)), key=places.__getitem__)
    terms = (a.terms for a in panel.accumulators)
    accumulators = (replace(a, terms=tuple(own[k] for k in order)) for a, own in zip(panel.accumulators, terms, strict=True))
    return Panel(tuple(panel.operands[k] for k in order), tuple(accumulators))


def met_together(plan: Schedule) -> Iterator[tuple[str, ...]]:
    """Values that one product reads: those of the step first, then those of whole sequences, then the factors of sums over time."""
    for phases in (plan.step, plan.after, *(stage.phases for stage in (*plan.stages, *plan.later))):
        for panel in panels(phases):
            yield panel.operands
    by_factor: dict[str, list[str]] = {}
    for total in plan.totals:
        if isinstance(total, Contract):
            rows, columns = factors(total)
            by_factor.setdefault(columns, []).append(rows)
    yield from map(tuple, by_factor.values())


def summed_together(plan: Schedule, slot: Mapping[str, Slot], apart: Container[str]) -> Iterator[tuple[Run, tuple[Total, ...]]]:
    """Sums over time of values that follow each other in one array, all by the same factor or all by none; none of those `apart`."""
    found: dict[tuple[str, str, str], dict[str, Total]] = {}
    for total in plan.totals:
        stream, factor = _summed(plan, total)
        if stream and slot[stream].part and total.name not in apart:
            found.setdefault((slot[stream].array, slot[stream].index, factor), {}).setdefault(stream, total)
    for totals in found.values():
        for run in runs(slot, sorted(totals, key=lambda stream: int(slot[stream].part))):
            if run.parts > 1:
                yield run, tuple(totals[operand] for operand in run.operands)


def _summed(plan: Schedule, total: Total) -> tuple[str, str]:
    """What a sum over time adds up, unit by unit, and what by; nothing where it is no such sum."""
    if isinstance(total, Contract):
        return factors(total)
    if isinstance(total, Reduce) and total.op == "sum" and total.type == units(plan.program.types[total.a]):
        return total.a, ""
    return "", ""


def panels(phases: Iterable[Phase]) -> list[Panel]:
    """The products of `phases`."""
    return [panel for phase in phases if isinstance(phase, Compute) for panel in phase.panels]


def bundles(sets: Iterable[Iterable[str]]) -> list[tuple[str, ...]]:
    """The union of all `sets` that overlap, each in an order in which a set's members follow each other as far as may be."""
    met: dict[str, list[int]] = {}
    joined: list[list[str]] = []
    for number, members in enumerate(dict.fromkeys(s) for s in sets):
        for member in members:
            met.setdefault(member, []).append(number)
        touched = [group for group in joined if not set(group).isdisjoint(members)]
        joined = [group for group in joined if group not in touched]
        joined.append(list(dict.fromkeys([*(m for group in touched for m in group), *members])))
    inner = [sorted(group, key=lambda member: (met[member][0], met[member][-1])) for group in joined]
    return [tuple(group) for group in inner if len(group) > 1]
