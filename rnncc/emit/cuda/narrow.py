"""Residuals that a layer of bfloat16 keeps as bfloat16: those by which rounding does no more than a rounded activation does.

A residual is rounded once, by 2**-8 of its size at most, where `forward` writes it; all that is computed stays float32. It is kept as
it is where that is too much:

- carries, whose trajectories are kept as they are: rounded, each step would add to what all steps before it were off by;
- what a cotangent is multiplied by on its way from a state to the same state, unit by unit (the forget gate of an LSTM, the update gate
  of a GRU): T factors of 1 + 2**-8 are one of exp(T / 256), and a gate of 0.999 would be 1;
- what `backward` reads otherwise than by sums and products: of an exponent or an angle the size counts, not the digits;
- operands of products and sums over time, which libraries read, and what `forward` reads again itself, in a later phase.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce

import sympy as sp

from rnncc.emit.cpu.layout import defined, reads
from rnncc.functions import symbol
from rnncc.ir import Input, Node, Pointwise, Program, components, units
from rnncc.schedule import Compute, Schedule

Sources = frozenset[str]


def narrow_residuals(backward: Program, forward: Schedule) -> Sources:
    """Names of the residuals of `backward`, which `forward` makes, that may be kept as bfloat16."""
    kept = {i.name for i in backward.inputs if i.role == "residual" and i.type[:2] == ("T", "N") and len(units(i.type)) == 1}
    carried = {v for c in (*backward.carries, *forward.carries) for v in (c.prev, c.init, c.next)}
    read = {o for n in backward.nodes if not isinstance(n, Pointwise) for o in n.operands} | {v for _, v in backward.outputs}
    found = (_written_once(forward) & kept) - carried - read
    return found - _read_by_functions(backward, found) - _carried_on(backward, found)


def _written_once(forward: Schedule) -> Sources:
    """Values that a kernel writes, and that no other phase than their own reads."""
    whole = [phase for stage in forward.whole for phase in stage.phases]
    made = [(v, phase) for phase in forward.step for v in defined(phase)]
    made += [(n.name, phase) for phase in whole if isinstance(phase, Compute) for n in phase.nodes]
    read = {v: [phase for phase in (*forward.step, *whole) if v in reads(phase)] for v, _ in made}
    summed = {o for stage in forward.whole for n in stage.totals for o in n.operands} | {
        v for key, v in forward.program.outputs if key != v
    }
    return frozenset(v for v, own in made if v not in summed and all(phase is own for phase in read[v]))


def _read_by_functions(program: Program, residuals: Sources) -> Sources:
    """Those of which a function, or a choice, is computed."""
    made_of = _made_of(program, residuals)
    return _union(made_of.get(name, Sources()) for n in program.nodes for name in _nonlinear(n))


def _nonlinear(node: Node) -> set[str]:
    """Operands that are read otherwise than by sums and products."""
    if isinstance(node, Pointwise):
        return {s.name for s in _inside_functions(node.expr)}
    return set(node.operands) if getattr(node, "op", "sum") != "sum" else set()


def _inside_functions(expr: sp.Basic) -> set[sp.Symbol]:
    """Symbols of which `expr` is no polynomial; of a choice those that it is made by."""
    if expr.is_Symbol:
        return set()
    if isinstance(expr, sp.Piecewise):
        parts = [_inside_functions(value) | condition.free_symbols for value, condition in expr.args]
        return set().union(*parts)
    if expr.is_Add or expr.is_Mul or (expr.is_Pow and expr.exp.is_Integer and expr.exp > 0):
        return set().union(*map(_inside_functions, expr.args))
    return set(expr.free_symbols)


def _carried_on(program: Program, residuals: Sources) -> Sources:
    """Those of which factors are made by which a state's cotangent is multiplied on its way through a step, back to that state."""
    pointwise = [n for n in program.nodes if isinstance(n, Pointwise)]
    others = tuple(Input(n.name, n.type, "residual") for n in program.nodes if not isinstance(n, Pointwise))
    made_of = _made_of(replace(program, carries=()), residuals)
    found = Sources()
    for members, cyclic in components(replace(program, inputs=(*program.inputs, *others), nodes=tuple(pointwise))):
        factors = (_factors(n, members) for n in pointwise if cyclic and n.name in members)
        found |= _union(made_of.get(name, Sources()) for names in factors for name in names)
    return found


def _factors(node: Pointwise, members: Iterable[str]) -> set[str]:
    """What the derivatives of a node by those of its operands among `members` are made of."""
    slopes = (node.expr.diff(symbol(o)) for o in node.operands if o in members)
    return {s.name for slope in slopes for s in slope.free_symbols}


def _made_of(program: Program, residuals: Sources) -> dict[str, Sources]:
    """Value -> the residuals that it is made of, through carries as well."""
    found = {name: Sources([name]) for name in residuals}
    handed = [(c.prev, (c.init, c.next)) for c in program.carries]
    while True:
        before = dict(found)
        for name, operands in (*((n.name, n.operands) for n in program.nodes), *handed):
            sources = _union(found.get(o, Sources()) for o in operands)
            if sources:
                found[name] = found.get(name, Sources()) | sources
        if found == before:
            return found


def _union(sets: Iterable[Sources]) -> Sources:
    return reduce(Sources.union, sets, Sources())
