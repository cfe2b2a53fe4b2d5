"""Products packed: those that feed one sum share an accumulator, accumulators that read the same operands share a packed weight."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import sympy as sp

from rnncc.errors import InternalError
from rnncc.functions import symbol
from rnncc.ir import Contract, Pointwise, Program, block_counts, units
from rnncc.schedule.phase import Accumulator, Panel, Term


def panels(
    program: Program, products: Sequence[Contract], pointwise: Sequence[Pointwise]
) -> tuple[tuple[Panel, ...], tuple[Pointwise, ...]]:
    """The packed products of one phase, and its pointwise nodes rewritten to read the accumulators."""
    blocks = block_counts(program)
    terms = {p.name: _term(program, p, blocks.get(p.name, 1)) for p in products}
    once = _used_once(program)
    accumulators: list[Accumulator] = []
    rest: list[Pointwise] = []
    summed: set[str] = set()
    for n in pointwise:
        own = [a.name for a in sp.Add.make_args(n.expr) if a.is_Symbol and a.name in terms and a.name in once]
        summed.update(own)
        accumulator, left = _absorb(program, n, own, terms)
        accumulators += accumulator
        rest += left
    accumulators += [Accumulator(name, (t,)) for name, t in terms.items() if name not in summed]
    return _grouped(accumulators), tuple(rest)


def _absorb(program: Program, node: Pointwise, own: list[str], terms: dict[str, Term]) -> tuple[list[Accumulator], list[Pointwise]]:
    if not own:
        return [], [node]
    joined = tuple(sorted((terms[name] for name in own), key=lambda t: (t.operand, t.weight)))
    if len(own) == len(sp.Add.make_args(node.expr)):
        return [Accumulator(node.name, joined)], []
    value = program.fresh(f"{node.name}_products")
    others = sp.Add(*(a for a in sp.Add.make_args(node.expr) if not (a.is_Symbol and a.name in own)))
    return [Accumulator(value, joined)], [replace(node, expr=others + symbol(value))]


def _grouped(accumulators: Iterable[Accumulator]) -> tuple[Panel, ...]:
    groups: dict[tuple[tuple[str, ...], tuple[int, ...]], list[Accumulator]] = {}
    for a in accumulators:
        groups.setdefault((a.operands, a.blocks), []).append(a)
    return tuple(Panel(operands, tuple(found)) for (operands, _), found in groups.items())


def _used_once(program: Program) -> set[str]:
    uses = Counter(o for n in program.nodes for o in n.operands)
    uses.update(value for _, value in program.outputs)
    uses.update(v for c in program.carries for v in (c.init, c.next))
    return {name for name, count in uses.items() if count == 1}


def _term(program: Program, product: Contract, blocks: int) -> Term:
    """Read "ij,TNj->TNi" in either order of operands, and its transpose."""
    left, out = product.index.split("->")
    (a, b), letters = (product.a, product.b), left.split(",")
    if "T" in program.types[a]:
        a, b, letters = b, a, letters[::-1]
    weight, stream = letters
    fits = "T" not in program.types[a] and len(weight) == 2 and len(units(program.types[b])) == 1 and len(out) == len(stream)
    if not fits:
        raise InternalError(f"{product.name}: no kernel for the product {product.index} of {product.a} and {product.b}")
    return Term(weight=a, operand=b, transposed=weight[0] != out[-1], blocks=blocks)
