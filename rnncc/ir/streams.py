"""What a step moves: numbers of one sample that a program reads and writes, as a formula in the sizes."""

import sympy as sp

from rnncc.ir.flops import volume
from rnncc.ir.node import units
from rnncc.ir.program import Program


def step_numbers(program: Program) -> sp.Expr:
    """Numbers a step and sample in the inputs and outputs of `program` that vary in time.

    Parameters and states are left out: they are read again and again, and stay in a cache where they fit.
    """
    moved = dict.fromkeys([*(i.name for i in program.inputs), *(value for _, value in program.outputs)])
    types = [program.types[value] for value in moved]
    return sp.expand(sum((volume(units(type_)) for type_ in types if "T" in type_), sp.S.Zero))
