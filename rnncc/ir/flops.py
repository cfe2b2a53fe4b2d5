"""What a step costs: floating-point operations of one sample, as a formula in the sizes."""

from collections.abc import Iterable

import sympy as sp

from rnncc.errors import InternalError
from rnncc.functions import function_cost
from rnncc.ir.blocks import block_counts
from rnncc.ir.node import (
    BlockDiagonal,
    Concat,
    Contract,
    DiagonalBlocks,
    Gather,
    Iota,
    Node,
    Pointwise,
    Reduce,
    Relabel,
    ScatterAdd,
    Slice,
    Transpose,
    size_names,
    units,
)
from rnncc.ir.program import Program


def step_flops(program: Program, known: Program | None = None) -> sp.Expr:
    """Operations a step and sample of `program`, apart from values that `known` has: a product counts 2 a term, functions their cost.

    Values that do not vary in time are left out: they are computed once a sequence.
    """
    done = set() if known is None else set(known.types)
    return _sum(program, (n for n in program.nodes if n.name not in done))


def product_flops(program: Program) -> sp.Expr:
    """The part of `step_flops` that products take."""
    return _sum(program, (n for n in program.nodes if isinstance(n, Contract)))


def _sum(program: Program, nodes: Iterable[Node]) -> sp.Expr:
    blocks = block_counts(program)
    costs = (_flops(n, program) * sp.Rational(1, blocks.get(n.name, 1)) for n in nodes if _streams(n, program))
    return sp.expand(sum(costs, sp.S.Zero))


def _streams(node: Node, program: Program) -> bool:
    return "T" in node.type or any("T" in program.types[o] for o in node.operands)


def _flops(node: Node, program: Program) -> sp.Expr:
    match node:
        case Contract():
            letters, _, _ = node.index.replace(",", "").partition("->")
            axes = [axis for o in node.operands for axis in program.types[o]]
            bound = dict(zip(letters, axes, strict=True))
            return 2 * volume(axis for letter, axis in bound.items() if letter not in "TN")
        case Pointwise():
            return function_cost(node.expr) * volume(units(node.type))
        case Reduce():
            return volume(units(program.types[node.a]))
        case ScatterAdd():
            return volume(units(program.types[node.a]))
        case Concat() | Slice() | Transpose() | BlockDiagonal() | DiagonalBlocks() | Iota() | Gather() | Relabel():
            return sp.S.Zero
        case _:
            raise InternalError(f"no cost of a {type(node).__name__}")


def volume(axes: Iterable[str]) -> sp.Expr:
    """How many numbers an array of `axes`, unit axes, holds."""
    return sp.prod(map(_length, axes))


def _length(axis: str) -> sp.Expr:
    whole, _, blocks = axis.partition("/")
    units = sp.Integer(whole) if whole.isdigit() else sp.Add(*map(sp.Symbol, size_names(axis)))
    return units / int(blocks or 1)
