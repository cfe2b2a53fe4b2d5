"""Zoneout (Krueger et al. 2017, eq. 2): in training a unit of a state keeps its value with some probability, drawn anew each step."""

from dataclasses import replace

from rnncc.functions import symbol
from rnncc.ir import Carry, Pointwise
from rnncc.passes.transforms.described import Described


def zoneout(cell: Described, names: tuple[str, ...]) -> Described:
    """`cell` whose states `names` (none: all) are zoned out; each further state's rate is a constant of the layer.

    Assumes: a verified program.
    Guarantees: `m * previous + (1 - m) * new` is what is carried, and what is put out where that was the new state itself; whatever
    else reads the new state reads it as it was, as in the paper.
    Does not do: reset of states by a flag, which reads previous values first (`reset` comes after this).
    """
    cell, states = cell.with_states("zoneout", names, "rate")
    for carry, rate in states:
        mask = cell.program.fresh(f"zoneout_mask_{carry.prev}")
        cell = _zoned(cell.with_mask(mask, carry.type[2:], rate, "step"), carry, mask)
    return cell


def _zoned(cell: Described, carry: Carry, mask: str) -> Described:
    program = cell.program
    name, m = program.fresh(f"{carry.prev}_zoned"), symbol(mask)
    node = Pointwise(name, carry.type, m * symbol(carry.prev) + (1 - m) * symbol(carry.next))
    carries = tuple(replace(c, next=name) if c.prev == carry.prev else c for c in program.carries)
    outputs = tuple((key, name if value == carry.next else value) for key, value in program.outputs)
    return replace(cell, program=replace(program, nodes=(*program.nodes, node), carries=carries, outputs=outputs))
