"""Freezing: a `Cell` becomes a `CellSpec`, or one `SpecError` with all its faults."""

from typing import TYPE_CHECKING

from rnncc.spec.cell_spec import CellSpec
from rnncc.spec.fault import fault_of, spec_error
from rnncc.spec.flatten import Flattened, flatten
from rnncc.spec.whole import missing, unused

if TYPE_CHECKING:
    from rnncc.spec.cell import Cell


def freeze(cell: "Cell", doc: str) -> CellSpec:
    """The checked form of `cell`.

    Raises `SpecError` with every fault. What is unused is only looked for where nothing else is wrong, since a value that failed uses
    nothing.
    """
    faults = cell.record.faults + [fault_of(m, span) for m, span in missing(cell)]
    if faults:
        raise spec_error(faults)
    flat = flatten(cell.record)
    idle = [fault_of(m, span) for m, span in unused(cell.record, flat.definitions, [flat.output, *flat.next.values()])]
    if idle:
        raise spec_error(idle)
    return _spec(cell, doc, flat)


def _spec(cell: "Cell", doc: str, flat: Flattened) -> CellSpec:
    record, session = cell.record, cell.session
    return CellSpec(
        name=cell.name,
        doc=doc,
        filename=cell.span.file,
        source=session.source if session else "",
        definitions=flat.definitions,
        next=flat.next,
        output=flat.output,
        states=tuple(record.states.values()),
        parameters=tuple(record.parameters.values()),
        sizes={name: size.default for name, (size, _) in record.sizes.items()},
        constants=dict(record.constants),
        options=dict(record.options),
        masks=tuple(record.masks.values()),
        indices=dict(record.indices),
        memories=tuple(record.memories.values()),
    )
