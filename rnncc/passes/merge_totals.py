"""Sums over time that are added up: what they sum is added up within the step, and summed over time once."""

from dataclasses import replace

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import Node, Pointwise, Program, Reduce, units
from rnncc.passes.builder import Builder


def merge_totals(program: Program) -> Program:
    """`program` where `d_w = Σ_t a + Σ_t b` reads `d_w = Σ_t (a + b)`.

    A parameter that a step uses several times has a contribution to its gradient for each use. Written over time every one of them
    would be a stream; for the unfolded steps of a solver with matrices of synapses that is memory without need.

    Assumes: a verified program.
    Guarantees: contributions are added in the program's order, each as soon as it is there, so that a running sum is all that is kept
    between them. Results change by rounding only.
    Does not do: merge sums that anything else reads, or of values that have other axes than their sum and T and N.
    """
    merged = {n.name: found for n in program.nodes if (found := _mergeable(program, n))}
    if not merged:
        return program
    running = _Running(program, merged)
    for n in program.nodes:
        running.add(n)
    return replace(program, nodes=tuple(running.builder.nodes))


def _mergeable(program: Program, node: Node) -> list[Reduce]:
    """The sums over time that `node`, without T itself, adds up, where there are several."""
    if not isinstance(node, Pointwise) or "T" in node.type or not node.expr.is_Add:
        return []
    found = [program.node.get(a.name) for a in node.expr.args if a.is_Symbol]
    sums = [r for r in found if isinstance(r, Reduce) and _is_sum_over_time(program, r, node) and _readers(program, r.name) == 1]
    return sorted(sums, key=lambda r: _place(program, r.a)) if len(sums) > 1 else []


def _is_sum_over_time(program: Program, total: Reduce, node: Pointwise) -> bool:
    axes = program.types[total.a]
    return total.op == "sum" and total.a in program.node and axes == ("T", "N", *units(node.type)) and total.type == node.type


def _readers(program: Program, value: str) -> int:
    return sum(value in n.operands for n in program.nodes) + sum(value == v for _, v in program.outputs)


def _place(program: Program, value: str) -> int:
    return next(k for k, n in enumerate(program.nodes) if n.name == value)


class _Running:
    """Takes nodes in order, and puts running sums behind what they add.

    Parameters
    ----------
    program
        Where the nodes are from.
    merged
        Sums without T -> the sums over time that they add up, in order.
    """

    def __init__(self, program: Program, merged: dict[str, list[Reduce]]) -> None:
        self.builder, self.merged = Builder(program), merged
        self.addends: dict[str, list[str]] = {}
        """A value of the step -> the sums it is an addend of."""
        for name, sums in merged.items():
            for r in sums:
                self.addends.setdefault(r.a, []).append(name)
        self.gone = {r.name for sums in merged.values() for r in sums}
        self.so_far: dict[str, str] = {}

    def add(self, node: Node) -> None:
        """`node`, or what takes its place."""
        if node.name in self.gone:
            return
        self.builder.add(self._total(node) if node.name in self.merged and isinstance(node, Pointwise) else node)
        for total in self.addends.get(node.name, []):
            before = self.so_far.get(total)
            sums = symbol(node.name) if before is None else symbol(before) + symbol(node.name)
            self.so_far[total] = self.builder.pointwise(f"{total}_within", node.type, sums)

    def _total(self, node: Pointwise) -> Node:
        """The sum over time of the running sum, and whatever else `node` adds."""
        rest = node.expr - sum(symbol(r.name) for r in self.merged[node.name])
        within = self.so_far[node.name]
        if rest == 0:
            return Reduce(node.name, node.type, within, "sum")
        total = Reduce(self.builder.reserve(f"{node.name}_of_{within}", node.type), node.type, within, "sum")
        return replace(node, expr=sp.Add(rest, self.builder.symbol_of(total)))
