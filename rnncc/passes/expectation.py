"""What a program computes where nothing is random."""

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import Input, Node, Pointwise, Program


def expectation(program: Program, rates: Mapping[str, sp.Expr]) -> Program:
    """`program` with the expectation of each random mask in its place.

    Parameters
    ----------
    program
        A verified program.
    rates
        Mask -> the probability of a 1: a number, or a constant's symbol. Holds every input of role `mask`.

    Assumes: nothing else.
    Guarantees: no mask is left; what is a number, or made of constants alone, is written out where it is read, so that
    `(1 - m) / (1 - rate)` is gone.
    Does not do: cse, dce (masks and numbers that nobody reads any more stay as values).
    """
    masks = [i for i in program.inputs if i.role == "mask"]
    if not masks:
        return program
    known = {symbol(i.name): rates[i.name] for i in masks}
    nodes: list[Node] = [_spread(i, rates[i.name]) for i in masks]
    for n in program.nodes:
        made = _written_out(n, known) if isinstance(n, Pointwise) else n
        if isinstance(made, Pointwise) and made != n and all(program.types[o] == () for o in made.operands):
            known[symbol(n.name)] = made.expr
        nodes.append(made)
    return replace(program, inputs=tuple(i for i in program.inputs if i not in masks), nodes=tuple(nodes))


def _spread(mask: Input, rate: sp.Expr) -> Pointwise:
    """For whoever reads the mask as an array."""
    return Pointwise(mask.name, mask.type, rate, place=mask.place)


def _written_out(node: Pointwise, known: Mapping[sp.Symbol, sp.Expr]) -> Pointwise:
    if known.keys().isdisjoint(node.expr.free_symbols):
        return node
    expr = node.expr.xreplace(known)
    whole = {f: sp.Integer(int(f)) for f in expr.atoms(sp.Float) if float(f).is_integer()}
    return replace(node, expr=expr.xreplace(whole))
