"""Products that end a step are made at the beginning of the next one, so that threads which share units meet once less a step."""

from dataclasses import dataclass, replace
from functools import reduce

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import Axes, Carry, Contract, Node, Pointwise, Program, components, dependencies
from rnncc.passes.builder import Builder


def rotate(program: Program) -> Program:
    """`program` where a carry with the next value `U @ d + rest` is `U @ d_last + rest_last`, of two carries, of `d` and `rest`.

    Assumes: a verified program of one direction, such as `split` makes.
    Guarantees: only sums that nothing but their carry reads are taken apart, and of these only products that the step computes the
    operands of. The sums of each step are the same; the last one is made after the loop.
    Does not do: anything to a program whose products begin a step already.
    """
    loop = {v for members, cyclic in components(program) if cyclic for v in members}
    reads = _readers(program)
    for carry in program.carries:
        products = _ending(program, carry, loop, reads)
        if products:
            program = _rotated(program, carry, products)
    return program


def _readers(program: Program) -> dict[str, int]:
    """How many nodes, carries and outputs read each value."""
    values = [o for n in program.nodes for o in n.operands]
    values += [v for c in program.carries for v in (c.init, c.next)]
    values += [v for _, v in program.outputs]
    return {v: values.count(v) for v in set(values)}


def _ending(program: Program, carry: Carry, loop: set[str], reads: dict[str, int]) -> list[Contract]:
    """The products that `carry`'s next value is a sum of, with others, where each operand is made within the step."""
    total = program.node.get(carry.next)
    if carry.next not in loop or reads[carry.next] > 1:
        return []
    if isinstance(total, Contract):
        return [total] if _made(program, total, loop) else []
    if not isinstance(total, Pointwise) or not total.expr.is_Add:
        return []
    terms = [program.node.get(a.name) for a in total.expr.args if a.is_Symbol and reads[a.name] == 1]
    return [t for t in terms if isinstance(t, Contract) and t.type == carry.type and _made(program, t, loop)]


def _made(program: Program, product: Contract, loop: set[str]) -> bool:
    """Whether one operand does not vary in time, and the other is a value of the step that is computed, not carried."""
    return "T" not in program.types[product.a] and product.b in loop and product.b in program.node


@dataclass(frozen=True)
class _Rotation:
    """What takes the place of one carry."""

    carries: list[Carry]
    step: list[Node]
    after: list[Node]


def _rotated(program: Program, carry: Carry, products: list[Contract]) -> Program:
    builder = Builder(program)
    total = program.node[carry.next]
    addends = total.expr if isinstance(total, Pointwise) else symbol(total.name)
    rest = addends - sum(symbol(p.name) for p in products)
    kept = builder.add(Pointwise(builder.reserve(f"{carry.next}_rest", carry.type), carry.type, rest))
    left = _carried(builder, carry, kept, carry.init, carry.type)
    last = {
        b: _carried(builder, carry, b, builder.zero(program.types[b][1:]), program.types[b]) for b in sorted({p.b for p in products})
    }
    made: list[Node] = list(builder.nodes)
    begun = [replace(p, b=last[p.b].prev) for p in products]
    ended = [_ended(builder, p, last[p.b].final) for p in products]
    sums = [
        Pointwise(carry.prev, carry.type, _sum(begun) + symbol(left.prev)),
        Pointwise(carry.final, carry.type[1:], _sum(ended) + symbol(left.final)),
    ]
    gone = {carry.next, *(p.name for p in products)}
    nodes = [n for n in program.nodes if n.name not in gone]
    carries = [c for c in program.carries if c != carry]
    changed = replace(program, carries=(*carries, left, *last.values()), nodes=(*nodes, *made, *begun, *ended, *sums))
    return _in_order(changed)


def _carried(builder: Builder, carry: Carry, value: str, init: str, axes: Axes) -> Carry:
    """A carry of `value` in the direction of `carry`."""
    prev, final = builder.reserve(f"{value}_last", axes), builder.reserve(f"{value}_end", axes[1:])
    return Carry(prev, init, value, final, axes, carry.reverse)


def _ended(builder: Builder, product: Contract, final: str) -> Contract:
    axes = product.type[1:]
    return Contract(builder.reserve(f"{product.name}_end", axes), axes, product.a, final, product.index.replace("T", ""))


def _sum(nodes: list[Contract]) -> sp.Expr:
    return reduce(lambda a, b: a + b, (symbol(n.name) for n in nodes))


def _in_order(program: Program) -> Program:
    """`program` with every node behind what it is made of, else in the order that it has."""
    operands, nodes = dependencies(program), {n.name: n for n in program.nodes}
    ordered: dict[str, Node] = {}

    def place(name: str) -> None:
        if name in nodes and name not in ordered:
            for o in operands[name]:
                place(o)
            ordered[name] = nodes[name]

    for name in nodes:
        place(name)
    return replace(program, nodes=tuple(ordered.values()))
