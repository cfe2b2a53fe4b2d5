"""Clipping: of states, and of what the functions of a step are applied to."""

from collections.abc import Collection
from dataclasses import replace

from rnncc.functions import Elementwise, symbol
from rnncc.functions.vocabulary import clamp
from rnncc.ir import Contract, Gather, Node, Pointwise, Program
from rnncc.passes.rename import rename
from rnncc.passes.transforms.described import Described


def state_clip(cell: Described, names: tuple[str, ...]) -> Described:
    """`cell` whose new states `names` (none: all) stay within ± a constant of the layer (Sak, Senior & Beaufays 2014: `cell_clip`).

    Assumes: a verified program.
    Guarantees: whatever reads the new state reads the clipped one; the gradient is 1 at the bounds, 0 beyond.
    Does not do: first states, which are taken as given.
    """
    cell, states = cell.with_states("state_clip", names, "bound")
    for carry, bound in states:
        following = cell.program.by_prev[carry.prev].next
        if following in cell.program.node:
            cell = _clipped(cell, [following], bound)
    return cell


def preactivation_clip(cell: Described) -> Described:
    """`cell` whose functions are applied to values within ± a constant of the layer, where those are sums of products.

    Assumes: a verified program.
    Guarantees: of a function's argument that plain arithmetic makes of products, everybody reads the clipped value.
    Does not do: arguments that other functions make.
    """
    cell = cell.with_constant("preactivation_clip", "bound")
    nodes = [n for n in cell.program.nodes if isinstance(n, Pointwise) and isinstance(n.expr, Elementwise)]
    found = dict.fromkeys(o for n in nodes for o in n.operands if _is_sum_of_products(cell.program, o))
    return _clipped(cell, found, "preactivation_clip")


def _is_sum_of_products(program: Program, value: str) -> bool:
    todo, seen = [value], set[str]()
    while todo:
        node = program.node.get(todo.pop())
        if node is None or node.name in seen:
            continue
        if isinstance(node, Contract | Gather) and "T" in node.type:
            return True
        seen.add(node.name)
        if isinstance(node, Pointwise) and not node.expr.has(Elementwise):
            todo.extend(node.operands)
    return False


def _clipped(cell: Described, values: Collection[str], bound: str) -> Described:
    """`cell` in which every reader of a value of `values` reads it clipped."""
    program = cell.program
    if not values:
        return cell
    low = program.fresh(f"minus_{bound}")
    names = {v: program.fresh(f"{v}_clipped") for v in values}
    nodes: list[Node] = [Pointwise(low, (), -symbol(bound))]
    for n in program.nodes:
        nodes.append(rename(n, names))
        if n.name in names:
            expr = clamp(symbol(n.name), symbol(low), symbol(bound))
            nodes.append(Pointwise(names[n.name], n.type, expr, place=n.place))
    carries = tuple(replace(c, next=names.get(c.next, c.next)) for c in program.carries)
    outputs = tuple((key, names.get(v, v)) for key, v in program.outputs)
    return replace(cell, program=replace(program, nodes=tuple(nodes), carries=carries, outputs=outputs))
