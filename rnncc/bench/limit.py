"""How long a problem takes at the very least on a machine: the floor that a time is compared with."""

import math
from dataclasses import dataclass

import numpy as np
import sympy as sp

from rnncc.bench.machine import Machine
from rnncc.bench.problem import Problem
from rnncc.ir import COLUMNS, Axes, BlockDiagonal, Contract, Program, components
from rnncc.ir.flops import product_flops as step_product_flops
from rnncc.ir.flops import step_flops
from rnncc.runtime.blocks import axis_length


@dataclass(frozen=True)
class Limit:
    """The limit that binds: `what`, and the seconds that it asks for."""

    what: str
    seconds: float


def flops(problem: Problem) -> float:
    """T N x the FLOPs of a step: 2 a term of a product, functions by their cost; with the gradient's in training."""
    return _of_all_steps(problem, step_flops(program_of(problem)))


def product_flops(problem: Problem) -> float:
    """The part of `flops` that products take."""
    return _of_all_steps(problem, step_product_flops(program_of(problem)))


def limit(problem: Problem, machine: Machine) -> Limit:
    """The largest of three times, each of which no implementation of these arrays beats for long.

    FMA      FLOPs / FMA peak.
    data     bytes / bandwidth: parameters, inputs, states and outputs once, in training their gradients once too. The bandwidth is
             that of reading where so many bytes lie when they are used again and again, memory's beyond the caches.
    weights  T x bytes / bandwidth: the weights that a step of the loop reads, once a step; the bandwidth likewise.

    Threads share the bytes evenly. A time may lie below the last where registers keep weights from step to step.
    """
    size = np.dtype(problem.dtype).itemsize
    once, again = elements(problem) * size, _step_weights(problem) * size
    found = {
        "FMA": flops(problem) / machine.flops,
        "data": once / machine.reading_rate(once / problem.threads),
        "weights": problem.steps * again / machine.reading_rate(again / problem.threads),
    }
    what = max(found, key=lambda name: found[name])
    return Limit(what, found[what])


def program_of(problem: Problem) -> Program:
    """What is computed: the cell, in training with its gradient."""
    return problem.cell.made.joint if problem.mode == "training" else problem.cell.made.inference


def _of_all_steps(problem: Problem, formula: sp.Expr) -> float:
    sizes = {sp.Symbol(name): size for name, size in problem.lengths.items()}
    return problem.steps * problem.shape.batch * float(formula.subs(sizes))


def elements(problem: Problem) -> int:
    """Numbers that go in and come out."""
    outputs = problem.cotangent.size
    inputs = sum(v.size for values in (problem.params, problem.streams, problem.memories, problem.state) for v in values.values())
    last = sum(v.size for v in problem.state.values())
    return 2 * inputs + 2 * outputs + last if problem.mode == "training" else inputs + outputs + last


def _step_weights(problem: Problem) -> int:
    """Numbers in the matrices that the loops' products read."""
    program = program_of(problem)
    looped = {name for members, cyclic in components(program) if cyclic for name in members}
    products = [n for n in program.nodes if isinstance(n, Contract) and n.name in looped]
    matrices = [_given(program, o) for n in products for o in n.operands if "T" not in program.types[o]]

    def length(axis: str) -> int:
        return axis_length(axis.removesuffix(COLUMNS), lambda size: problem.lengths.get(size, problem.shape.batch))

    return sum(math.prod(map(length, axes)) for axes in matrices)


def _given(program: Program, weight: str) -> Axes:
    """The type of what a product reads of `weight`: of a block-diagonal one its blocks."""
    node = program.node.get(weight)
    return program.types[node.a if isinstance(node, BlockDiagonal) else weight]
