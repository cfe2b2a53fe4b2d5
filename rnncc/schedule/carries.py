"""separate_carries: Program -> Program.

Assumes: verified.
Guarantees: every carry's `next` is a node or an input, and no two carries share a node.
Does not do: anything to carries of inputs, which are shifts of whole sequences.
"""

from dataclasses import replace

from rnncc.functions import symbol
from rnncc.ir import Carry, Pointwise, Program


def separate_carries(program: Program) -> Program:
    """`program` with a copy where a carry's next value is another carry's, in place or shared."""
    taken: set[str] = set()
    for carry in program.carries:
        if carry.next not in program.input and (carry.next in taken or carry.next not in program.node):
            program = _copied(program, carry)
        else:
            taken.add(carry.next)
    return program


def _copied(program: Program, carry: Carry) -> Program:
    copy = Pointwise(program.fresh(f"{carry.prev}_next"), carry.type, symbol(carry.next))
    carries = tuple(replace(c, next=copy.name) if c == carry else c for c in program.carries)
    return replace(program, nodes=(*program.nodes, copy), carries=carries)
