"""Whether a recurrence is linear in its state: next values affine in the previous ones, with coefficients from outside the loop.

Then all steps compose to one affine map, and the recurrence may run as a scan parallel over time.
"""

from collections.abc import Set
from dataclasses import dataclass, field

import sympy as sp

from rnncc.functions.partials import partials
from rnncc.ir import Concat, Contract, Node, Pointwise, Program, Reduce, Relabel, Slice
from rnncc.structure.loops import Loop


@dataclass(frozen=True)
class Linear:
    """What was found.

    Parameters
    ----------
    holds
        Every next value is affine in the previous ones.
    why
        The reason, in the names of the spec.
    coefficients
        (next, prev) -> ∂next/∂prev, where the loop is elementwise besides; zeros are left out.
    """

    holds: bool
    why: str
    coefficients: dict[tuple[str, str], sp.Expr] = field(default_factory=dict)


def linear(program: Program, loop: Loop) -> Linear:
    """Whether `loop` of `program` is linear in its state."""
    bent = next((n for n in loop.nodes if not _keeps_linear(n, loop.inside)), None)
    if bent is not None:
        by = ", ".join(o for o in bent.operands if o in loop.inside)
        what = str(bent.expr) if isinstance(bent, Pointwise) else f"{type(bent).__name__.lower()} of {by}"
        return Linear(False, f"{bent.name} = {what} is not affine in {by}")
    if not all(isinstance(n, Pointwise) for n in loop.nodes):
        return Linear(True, f"{', '.join(c.next for c in loop.carries)} only adds and weights what {loop.states} were")
    found = _coefficients(loop)
    shown = ", ".join(f"∂{after}/∂{before} = {slope}" for (after, before), slope in found.items())
    read = sorted({s.name for slope in found.values() for s in slope.free_symbols}, key=list(program.types).index)
    return Linear(True, f"{shown}{', which no state of the loop reaches' if read else ''}", found)


def affine(expr: sp.Expr, of: Set[str]) -> bool:
    """Whether `expr` is a sum of values called in `of`, each times what does not depend on them, and of what does not."""
    if not _depends(expr, of):
        return True
    match expr:
        case sp.Symbol():
            return True
        case sp.Add():
            return all(affine(a, of) for a in expr.args)
        case sp.Mul():
            dependent = [a for a in expr.args if _depends(a, of)]
            return len(dependent) == 1 and affine(dependent[0], of)
        case sp.Piecewise():
            return all(affine(value, of) and not _depends(condition, of) for value, condition in expr.args)
        case _:
            return False


def _depends(expr: sp.Basic, of: Set[str]) -> bool:
    return any(s.name in of for s in expr.free_symbols)


def _keeps_linear(node: Node, inside: Set[str]) -> bool:
    match node:
        case Pointwise():
            return affine(node.expr, inside)
        case Contract():
            return not (node.a in inside and node.b in inside)
        case Reduce():
            return node.op == "sum"
        case Concat() | Slice() | Relabel():
            return True
        case _:
            return False


def _coefficients(loop: Loop) -> dict[tuple[str, str], sp.Expr]:
    """By the chain rule, node after node."""
    slopes: dict[str, dict[str, sp.Expr]] = {c.prev: {c.prev: sp.S.One} for c in loop.carries}
    for n in loop.nodes:
        if isinstance(n, Pointwise):
            direct = partials(n.expr, n.name, [o for o in n.operands if o in slopes])
            slopes[n.name] = {c.prev: sum(d * slopes[o].get(c.prev, 0) for o, d in direct.items()) for c in loop.carries}
    pairs = {(a.next, b.prev): slopes[a.next].get(b.prev, sp.S.Zero) for a in loop.carries for b in loop.carries}
    return {pair: slope for pair, slope in pairs.items() if slope != 0}
