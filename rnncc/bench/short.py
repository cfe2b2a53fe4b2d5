"""What of a problem is compared with the interpreter, which holds every value of every step."""

import math
from dataclasses import replace

from rnncc.bench.limit import program_of
from rnncc.bench.problem import Problem
from rnncc.ir import COLUMNS
from rnncc.runtime.blocks import axis_length

_AT_MOST = 1 << 27
"""Numbers that it is given to hold: a gigabyte, and seconds rather than minutes."""
_FEWEST = 2
"""Steps: a state is handed on."""


def shortened(problem: Problem, at_most: int = _AT_MOST) -> Problem:
    """`problem` itself, or where its values are more than `at_most` numbers, its first steps."""
    steps = max(_FEWEST, at_most * problem.steps // numbers(problem))
    return problem if steps >= problem.steps else replace(problem, shape=replace(problem.shape, steps=steps))


def numbers(problem: Problem) -> int:
    """How many numbers all values of all steps have."""
    lengths = {"T": problem.steps, "N": problem.shape.batch, **problem.lengths}

    def length(axis: str) -> int:
        return axis_length(axis.removesuffix(COLUMNS), lengths.__getitem__)

    return sum(math.prod(map(length, axes)) for axes in program_of(problem).types.values())
