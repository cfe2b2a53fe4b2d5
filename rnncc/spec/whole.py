"""Checks of a cell as a whole: what it lacks, and what it declares in vain."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rnncc.ir import size_names
from rnncc.spec.cell_spec import Definition
from rnncc.spec.fault import Mistake, Span
from rnncc.spec.names import implied
from rnncc.spec.record import COUNTS, Declared, Record

if TYPE_CHECKING:
    from rnncc.spec.cell import Cell

Found = Iterator[tuple[Mistake, Span]]


def missing(cell: "Cell") -> Found:
    """States without a next value, no input, no state, no output, names that states and sizes bring along."""
    record = cell.record
    for name in record.states.keys() - record.next.keys() if "next" not in record.excused else ():
        mistake = Mistake(
            f"the state {name} has no next value", expected=f"cell.next({name}=…)", remedy="say what it is at the following step"
        )
        yield mistake, record.entries[name].span
    start = cell.start
    kinds = {e.kind for e in record.entries.values() if isinstance(e, Declared)}
    for kind, example in (("input", "x"), ("state", "h")):
        if kind not in kinds and not (kind == "input" and record.indices) and not record.faults:
            yield Mistake(f"the cell has no {kind}", expected=f'cell.{kind}("{example}")'), start
    if record.output is None and "output" not in record.excused:
        yield (
            Mistake("the cell has no output", expected="cell.output(…)", remedy="say which value the layer gives at every step"),
            start,
        )
    yield from _clashes(record)


def _clashes(record: Record) -> Found:
    taken = implied(record.states, ("input", "hidden", *record.sizes, *record.positions))
    counts = {e.name for e in record.entries.values() if isinstance(e, Declared) and e.kind == "count"}
    for name in (record.entries.keys() | record.sizes.keys()) - counts:
        if name in taken:
            span = record.place_of(name)
            assert span is not None
            yield Mistake(f"the name {name} is taken", found=f"it is {taken[name]}", remedy="choose another name"), span


def unused(record: Record, definitions: Sequence[Definition], results: Iterable[str]) -> Found:
    """What reaches neither the output nor a state, and sizes that nothing has."""
    reached = _reached(definitions, results)
    for entry in record.entries.values():
        if isinstance(entry, Declared) and entry.kind not in (*COUNTS, "exists") and entry.name not in reached:
            message = f"the {entry.kind.replace('_', ' ')} {entry.name} reaches neither the output nor a state"
            yield Mistake(message, remedy="use it, or leave it out"), entry.span
    had = {name for d in definitions for axis in d.axes for name in size_names(axis)}
    for name, (_, span) in record.sizes.items():
        if name not in had:
            yield Mistake(f"nothing has the size {name}", remedy="use it, or leave it out"), span


def _reached(definitions: Sequence[Definition], results: Iterable[str]) -> set[str]:
    operands = {d.name: d.operands for d in definitions}
    found, todo = set[str](), list(results)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(operands[name])
    return found
