"""Surrogates after differentiation: values alone are left."""

from collections import Counter
from dataclasses import replace

import sympy as sp

from rnncc.functions.vocabulary import surrogate
from rnncc.ir import Node, Pointwise, Program


def settle(program: Program) -> Program:
    """`program` with `value` for every `surrogate(value, argument, slope)`.

    Assumes: a verified program of which no further derivative is taken.
    Guarantees: what it computes; a value that only a surrogate reads is computed under the surrogate's name.
    Does not do: dce (slopes that no derivative has asked for stay as values).
    """
    found = [n for n in program.nodes if isinstance(n, Pointwise) and n.expr.has(surrogate)]
    if not found:
        return program
    own = _read_once(program)
    moved = {n.name: own[v] for n in found if (v := _alone(n)) in own}
    gone = {v.name for v in moved.values()}
    nodes = tuple(_settled(n, moved) for n in program.nodes if n.name not in gone)
    return replace(program, nodes=nodes)


def _read_once(program: Program) -> dict[str, Pointwise]:
    """Elementwise values with a single reader."""
    uses = Counter(o for n in program.nodes for o in n.operands)
    uses.update(v for _, v in program.outputs)
    uses.update(v for c in program.carries for v in (c.init, c.next))
    return {n.name: n for n in program.nodes if isinstance(n, Pointwise) and uses[n.name] == 1}


def _alone(node: Pointwise) -> str:
    """The name of the value whose surrogate `node` is."""
    value: sp.Expr = node.expr.args[0] if isinstance(node.expr, surrogate) else None
    return str(value) if isinstance(value, sp.Symbol) else ""


def _settled(node: Node, moved: dict[str, Pointwise]) -> Node:
    if not isinstance(node, Pointwise) or not node.expr.has(surrogate):
        return node
    if node.name in moved:
        return replace(node, expr=moved[node.name].expr)
    return replace(node, expr=node.expr.xreplace({s: s.args[0] for s in node.expr.atoms(surrogate)}))
