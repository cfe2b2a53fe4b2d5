"""Reversible: the backward pass runs the cell's states back instead of reading what the forward pass kept of them."""

from dataclasses import replace

from rnncc.errors import ArgumentError
from rnncc.passes.transforms.described import Described
from rnncc.structure import inverse, loops


def reversible(cell: Described) -> Described:
    """`cell`, whose description asks for `run_back` of its joint graph.

    Assumes: a verified program, after all other transforms: they may keep a step from being undone.
    Guarantees: a loop of it can be run back, else `ArgumentError` says what stands in the way.
    Does not do: anything to the program, which has no cotangents yet.
    """
    if cell.info.batch_means:
        means = ", ".join(m.name for m in cell.info.batch_means)
        raise ArgumentError(f"reversible: {cell.info.name} reads means over all steps of a batch ({means}), and segments are run back")
    counted = {s.name for s in cell.info.states if s.counts}
    found = [inverse(cell.program, loop) for loop in loops(cell.program) if not counted.issuperset(c.prev for c in loop.carries)]
    if not any(one.holds for one in found):
        why = "; ".join(one.why for one in found) or "nothing depends on what it was before"
        raise ArgumentError(f"reversible: no step of {cell.info.name} can be undone ({why}); checkpoint=k saves memory with any cell")
    return replace(cell, info=replace(cell.info, runs_back=True))
