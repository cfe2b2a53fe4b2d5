"""Layer normalisation (Ba, Kiros & Hinton 2016, eq. 3-4) of every sum of products that a gate reads."""

from dataclasses import replace

import sympy as sp

from rnncc.errors import ArgumentError
from rnncc.functions import symbol
from rnncc.functions.vocabulary import sqrt
from rnncc.ir import Contract, Gather, Node, Pointwise, Program, Reduce, size_names, units
from rnncc.passes.transforms.described import Described
from rnncc.runtime.cell_info import Parameter

_EPSILON = 1e-5
"""Added to the variance, as in PyTorch."""


def layer_norm(cell: Described) -> Described:
    """`cell` whose products are normalised where they enter elementwise work.

    Products that are added up are normalised as one sum, what else is added stays outside: `W @ x + U @ h + b` becomes
    `gain * norm(W @ x + U @ h) + b`. A sum without a parameter of its own gets a shift besides.

    Assumes: a verified program.
    Guarantees: gains and shifts are parameters, 1 and 0 at first.
    Does not do: products that are a state, an output or an operand of a product themselves; cells with means over batches, which are of
    products as they are.
    """
    if cell.info.batch_means:
        means = ", ".join(m.name for m in cell.info.batch_means)
        raise ArgumentError(f"layer_norm: {cell.info.name} normalises products by means over batches already ({means}); leave it out")
    axes = {a for n in cell.program.nodes if isinstance(n, Contract | Gather) for a in units(n.type)}
    return _Normalising(cell.with_sizes(sorted({s for a in axes for s in size_names(a)}))).run().with_option("layer_norm", True)


class _Normalising:
    def __init__(self, cell: Described) -> None:
        self.cell, self.program = cell, cell.program
        self.nodes: list[Node] = []
        self.single: dict[str, sp.Symbol] = {}

    def run(self) -> Described:
        for n in self.program.nodes:
            self.nodes.append(self._reading_normalised(n) if isinstance(n, Pointwise) else n)
        return self.cell.with_nodes(self.nodes)

    def _reading_normalised(self, n: Pointwise) -> Pointwise:
        products = [o for o in n.operands if _is_product(self.program, o)]
        if not products:
            return n
        addends = sp.Add.make_args(n.expr)
        summed = [a for a in addends if a.is_Symbol and a.name in products]
        alone = {symbol(p): self._alone(p) for p in products if symbol(p) not in summed}
        rest = sp.Add(*(a for a in addends if a not in summed)).xreplace(alone)
        if not summed:
            return replace(n, expr=rest)
        biased = any(a.is_Symbol and a.name in self.program.input and self.program.input[a.name].role == "param" for a in addends)
        normal = self._normalised(n.name.removesuffix("_in"), sp.Add(*summed), n, shifted=not biased)
        return replace(n, expr=rest + normal)

    def _alone(self, product: str) -> sp.Symbol:
        """A product that is scaled, or read by a function, before it meets others."""
        if product not in self.single:
            self.single[product] = self._normalised(product, symbol(product), self.program.node[product], shifted=True)
        return self.single[product]

    def _normalised(self, base: str, total: sp.Expr, like: Node, *, shifted: bool) -> sp.Symbol:
        (axis,) = units(like.type)
        count = sp.Add(*(symbol(f"n_{s}") for s in size_names(axis)))
        whole = self._pointwise(f"{base}_products", like, total)
        mean = self._pointwise(f"{base}_mean", like, self._sum(f"{base}_sum", whole, like) / count, row=True)
        centred = self._pointwise(f"{base}_centred", like, whole - mean)
        square = self._pointwise(f"{base}_square", like, centred**2)
        variance = self._pointwise(f"{base}_variance", like, self._sum(f"{base}_squares", square, like) / count + _EPSILON, row=True)
        deviation = self._pointwise(f"{base}_deviation", like, sqrt(variance), row=True)
        gained = self._parameter(f"gain_{base}", axis, 1.0) * centred / deviation
        shift = self._parameter(f"shift_{base}", axis, 0.0) if shifted else sp.S.Zero
        return self._pointwise(f"{base}_normal", like, gained + shift)

    def _parameter(self, base: str, axis: str, init: float) -> sp.Symbol:
        name = self._fresh(base)
        self.cell = self.cell.with_parameter(Parameter(name, (axis,), init, bias=init == 0))
        return symbol(name)

    def _sum(self, base: str, value: sp.Symbol, like: Node) -> sp.Symbol:
        name = self._fresh(base)
        self.nodes.append(Reduce(name, like.type[:2], value.name, "sum", place=like.place))
        return symbol(name)

    def _pointwise(self, base: str, like: Node, expr: sp.Expr, *, row: bool = False) -> sp.Symbol:
        if expr.is_Symbol:
            return expr
        name = self._fresh(base)
        self.nodes.append(Pointwise(name, like.type[:2] if row else like.type, expr, place=like.place))
        return symbol(name)

    def _fresh(self, base: str) -> str:
        taken = {n.name for n in self.nodes} | {i.name for i in self.cell.program.inputs}
        name, k = self.program.fresh(base), 1
        while name in taken:
            k += 1
            name = self.program.fresh(f"{base}_{k}")
        return name


def _is_product(program: Program, value: str) -> bool:
    node = program.node.get(value)
    return isinstance(node, Contract | Gather) and node.type[:2] == ("T", "N") and len(node.type) == 3
