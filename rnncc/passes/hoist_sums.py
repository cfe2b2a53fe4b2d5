"""Sums of a loop: addends that no carry reaches are added once, ahead of the loop."""

from dataclasses import replace

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import Axes, Contract, Gather, Node, Pointwise, Program, components, dependencies, units
from rnncc.passes.builder import Builder


def hoist_sums(program: Program, products_only: bool = False) -> Program:
    """`program` where `W @ x + U @ h + b` of a loop reads `pre + U @ h`, with `pre = W @ x + b` outside it.

    With `products_only` other addends stay where they are: for `W @ x + V @ z + U @ h + b` that is `pre + U @ h + b`.

    Assumes: a verified program of one direction, such as `split` makes.
    Guarantees: a sum is cut only where an addend is a product that no carry reaches and nothing else reads: its stream is
    written anyway, now with the other such addends. Results change by rounding only.
    Does not do: hoist sums without such a product: that would write a stream to save an addition.
    """
    loop, looped = _reach(program)
    readers = _readers(program)
    builder = Builder(program)
    for n in program.nodes:
        builder.add(_hoisted(n, program, builder, looped, readers, products_only) if n.name in loop and isinstance(n, Pointwise) else n)
    return replace(program, nodes=tuple(builder.nodes))


def _reach(program: Program) -> tuple[set[str], set[str]]:
    """Values of a loop, and with them all that depend on one."""
    operands = dependencies(program)
    loop: set[str] = set()
    looped: set[str] = set()
    for members, cyclic in components(program):
        if cyclic:
            loop |= members
        if cyclic or any(o in looped for v in members for o in operands[v]):
            looped |= members
    return loop, looped


def _readers(program: Program) -> dict[str, int]:
    """How often each value is read, by nodes, carries and outputs."""
    count: dict[str, int] = {}
    for operands in dependencies(program).values():
        for o in operands:
            count[o] = count.get(o, 0) + 1
    for _, v in program.outputs:
        count[v] = count.get(v, 0) + 1
    return count


def _hoisted(
    node: Pointwise, program: Program, builder: Builder, looped: set[str], readers: dict[str, int], products_only: bool
) -> Node:
    if not node.expr.is_Add:
        return node
    outside = [a for a in node.expr.args if not any(s.name in looped for s in a.free_symbols)]
    products = [a for a in outside if _product(a, node, program, readers)]
    free = products if products_only else outside
    if len(free) < 2 or not products:
        return node
    addends = sp.Add(*free)
    axes = _axes(addends, program)
    before = builder.add(Pointwise(builder.reserve(f"{node.name}_pre", axes), axes, addends))
    rest = [a for a in node.expr.args if a not in free]
    return replace(node, expr=sp.Add(symbol(before), *rest))


def _product(addend: sp.Expr, node: Pointwise, program: Program, readers: dict[str, int]) -> bool:
    """Whether `addend` is a whole-sequence product, of the sum's type, that only this sum reads."""
    if not addend.is_Symbol or readers[addend.name] != 1:
        return False
    source = program.node.get(addend.name)
    return isinstance(source, Contract | Gather) and source.type == node.type


def _axes(expr: sp.Expr, program: Program) -> Axes:
    """The type that the operands of `expr` broadcast to."""
    types = [program.types[s.name] for s in sorted(expr.free_symbols, key=str)]
    outer = tuple(a for a in ("T", "N") if any(a in t for t in types))
    return outer + max((units(t) for t in types), key=len)
