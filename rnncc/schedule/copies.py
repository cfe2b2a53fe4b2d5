"""without_copies: Program -> Program.

Assumes: verified.
Guarantees: pointwise nodes read what a copy (a value of one number a row for all units, say) copies, instead of the copy.
Does not do: remove copies that outputs, carries, products, reductions or moves read.
"""

from dataclasses import replace

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import Node, Pointwise, Program


def without_copies(program: Program) -> Program:
    """`program` with copies read through, and those that nothing reads any more left out."""
    copied = {symbol(n.name): n.expr for n in program.nodes if isinstance(n, Pointwise) and n.expr.is_Symbol}
    for copy, original in copied.items():  # in order of definition: a copy of a copy
        copied[copy] = copied.get(original, original)
    nodes = [_through(n, copied) for n in program.nodes]
    read = {o for n in nodes for o in n.operands} | {v for _, v in program.outputs}
    read.update(v for c in program.carries for v in (c.init, c.next))
    return replace(program, nodes=tuple(n for n in nodes if n.name in read or not _is_copy(n)))


def _through(node: Node, copied: dict[sp.Symbol, sp.Symbol]) -> Node:
    return replace(node, expr=node.expr.xreplace(copied)) if isinstance(node, Pointwise) else node


def _is_copy(node: Node) -> bool:
    return isinstance(node, Pointwise) and bool(node.expr.is_Symbol)
