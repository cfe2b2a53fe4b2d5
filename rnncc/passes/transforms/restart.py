"""What states begin with: parameters, and in mid-sequence where a flag says so."""

import math
from dataclasses import replace

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import Carry, Node, Pointwise
from rnncc.passes.rename import rename
from rnncc.passes.transforms.described import Described
from rnncc.runtime.cell_info import Parameter, State


def reset(cell: Described) -> Described:
    """`cell` with a further input `reset` (T, N): where it is above 0, every state begins anew before that step.

    Assumes: a verified program, in which nothing but carries holds what earlier steps gave.
    Guarantees: every reader of a previous state reads the cell's own first value at such steps, and no cotangent passes them.
    Does not do: go back to the state that a call was given.
    """
    cell = cell.with_input("reset", ()).with_option("reset", True)
    begun, names = list[Node](), dict[str, str]()
    for carry in cell.program.carries:
        cell, first = _first(cell, carry)
        names[carry.prev] = cell.program.fresh(f"{carry.prev}_begun")
        expr = sp.Piecewise((first, symbol("reset") > 0), (symbol(carry.prev), True), evaluate=False)
        begun.append(Pointwise(names[carry.prev], carry.type, expr))
    carries = tuple(replace(c, next=names.get(c.next, c.next)) for c in cell.program.carries)
    nodes = (*begun, *(rename(n, names) for n in cell.program.nodes))
    return replace(cell, program=replace(cell.program, nodes=nodes, carries=carries))


def learn_initial(cell: Described) -> Described:
    """`cell` whose states begin with parameters, `h_first` for `h`, at first what the cell says they begin with.

    Assumes: a verified program.
    Guarantees: the description says which parameter a state begins with; whoever is given no state reads it there.
    Does not do: states that begin with infinity, which nothing can be learned from, and the number of the step.
    """
    states = []
    for state in cell.info.states:
        name = f"{state.name}_first"
        if math.isfinite(state.initial) and not state.counts:
            cell = cell.with_parameter(Parameter(name, state.axes, state.initial))
            state = replace(state, learned=name)
        states.append(state)
    return replace(cell, info=replace(cell.info, states=tuple(states))).with_option("learn_initial", True)


def _first(cell: Described, carry: Carry) -> tuple[Described, sp.Expr]:
    """What a state begins with: a parameter, a number, or, since no expression holds infinity, a constant."""
    state: State = next(s for s in cell.info.states if s.name == carry.prev)
    if state.learned is not None:
        return cell, symbol(state.learned)
    if math.isfinite(state.initial):
        return cell, sp.Float(state.initial) if state.initial else sp.S.Zero
    name = f"{state.name}_first"
    cell = cell.with_constant(name)
    constants = {**cell.info.constants, name: state.initial}
    return replace(cell, info=replace(cell.info, constants=constants)), symbol(name)
