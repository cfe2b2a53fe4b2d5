"""Forward mode: the derivative of a program along a direction is again a program, in the same loops."""

from collections.abc import Iterable
from dataclasses import replace

import sympy as sp

from rnncc.errors import InternalError
from rnncc.functions import partials, symbol
from rnncc.functions.vocabulary import equal
from rnncc.ir import (
    BlockDiagonal,
    Carry,
    Concat,
    Contract,
    DiagonalBlocks,
    Gather,
    Input,
    Node,
    Pointwise,
    Program,
    Reduce,
    Relabel,
    ScatterAdd,
    Slice,
    Transpose,
)
from rnncc.passes.activity import dependents, differentiable
from rnncc.passes.builder import Builder


def tangent(program: Program, wrt: Iterable[str] | None = None, prefix: str = "t_") -> Program:
    """`program` and the tangents of its outputs.

    Each input in `wrt` gains a seed called `prefix + name`, each carry a tangent carry of its own direction, each output a further
    one with key `prefix + key`.

    Parameters
    ----------
    program
        A verified program, itself a derivative or not.
    wrt
        Inputs that have a tangent; None: all but index, constant and size inputs.
    prefix
        Begins no name of a seed or output key that `program` has already; one per order of derivative.

    Assumes: a verified program.
    Guarantees: what `program` computes is untouched; seeds and output keys are named exactly so, all other names are fresh.
    Does not do: cse, dce.

    Raises
    ------
    InternalError
        A seed or key is taken already, a name in `wrt` is no input, or a function has no derivative.
    """
    return _Forward(program, differentiable(program, wrt), prefix).run()


class _Forward:
    def __init__(self, program: Program, wrt: list[str], prefix: str) -> None:
        self.program, self.prefix = program, prefix
        self.builder = Builder(program)
        self.seeds = [self.seed(name) for name in wrt]
        self.tangents = {name: seed.name for name, seed in zip(wrt, self.seeds, strict=True)}
        types = program.types
        active = dependents(program, wrt)
        self.tangents |= {v: self.builder.reserve(prefix + v, types[v]) for v in types if v in active and v not in self.tangents}

    def seed(self, name: str) -> Input:
        axes, seed = self.program.types[name], self.prefix + name
        self.free(seed, self.builder.types)
        self.builder.types[seed] = axes
        return Input(seed, axes, "seed")

    def free(self, name: str, taken: Iterable[str]) -> str:
        if name in taken:
            raise InternalError(f"program {self.program.name} has {name} already: take the tangent with another prefix")
        return name

    def run(self) -> Program:
        for n in self.program.nodes:
            self.builder.add(n)
            if n.name in self.tangents:
                self.visit(n)
        carries = [d for c in self.program.carries for d in self.carried(c)]
        keys = [key for key, _ in self.program.outputs]
        outputs = [(self.free(self.prefix + key, keys), self.of(v)) for key, v in self.program.outputs]
        p = self.program
        return Program(
            f"{self.prefix}{p.name}",
            p.inputs + tuple(self.seeds),
            tuple(carries),
            tuple(self.builder.nodes),
            p.outputs + tuple(outputs),
        )

    def of(self, value: str) -> str:
        """The name of the tangent of `value`, the shared zero where it is zero."""
        return self.tangents.get(value) or self.builder.zero(self.builder.types[value])

    def carried(self, carry: Carry) -> list[Carry]:
        if carry.prev not in self.tangents:
            return [carry]
        prev, final = self.tangents[carry.prev], self.tangents[carry.final]
        return [carry, Carry(prev, self.of(carry.init), self.of(carry.next), final, carry.type, carry.reverse)]

    def visit(self, node: Node) -> None:
        name = self.tangents[node.name]
        match node:
            case Pointwise():
                self.builder.add(Pointwise(name, node.type, self.slope(node)))
            case Contract():
                self.product(node, name)
            case Reduce(op="max"):
                self.maximum(node, name)
            case Concat():
                self.builder.add(Concat(name, node.type, tuple(self.of(p) for p in node.parts)))
            case Reduce() | Slice() | Transpose() | BlockDiagonal() | DiagonalBlocks() | Gather() | ScatterAdd() | Relabel():
                self.builder.add(replace(node, name=name, a=self.tangents[node.a], place=""))
            case _:
                raise InternalError(f"no tangent of {type(node).__name__} of {node.name}")

    def slope(self, node: Pointwise) -> sp.Expr:
        active = [o for o in node.operands if o in self.tangents]
        slopes = partials(node.expr, node.name, active)
        return sp.Add(*(symbol(self.tangents[o]) * slope for o, slope in slopes.items()))

    def product(self, node: Contract, name: str) -> None:
        """Both factors change: one product each, of the same index."""
        pairs = [(self.tangents.get(node.a), node.b, node.a), (node.a, self.tangents.get(node.b), node.b)]
        active = [(a, b, source) for a, b, source in pairs if a is not None and b is not None]
        if len(active) == 1:
            a, b, _ = active[0]
            self.builder.add(Contract(name, node.type, a, b, node.index))
            return
        terms = []
        for a, b, source in active:
            part = self.builder.reserve(f"{name}_by_{source}", node.type)
            terms.append(self.builder.symbol_of(Contract(part, node.type, a, b, node.index)))
        self.builder.add(Pointwise(name, node.type, sp.Add(*terms)))

    def maximum(self, node: Reduce, name: str) -> None:
        """The mean tangent of the largest elements."""
        axes = self.builder.types[node.a]
        hit = self.builder.pointwise(f"hit_{node.name}", axes, equal(symbol(node.a), symbol(node.name)))
        count = self.builder.reserve(f"count_{node.name}", node.type)
        self.builder.add(Reduce(count, node.type, hit, "sum"))
        share = symbol(self.tangents[node.a]) * symbol(hit) / symbol(count)
        part = self.builder.pointwise(f"{name}_part", axes, share)
        self.builder.add(Reduce(name, node.type, part, "sum"))
