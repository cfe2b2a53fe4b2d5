"""Values to be added to a program."""

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import COLUMNS, Axes, Node, Pointwise, Program


class Builder:
    """New nodes in order of definition, with names fresh against the whole program.

    Attributes
    ----------
    types
        Types of the program's values and of all that was added or reserved.
    nodes
        The added nodes.
    """

    def __init__(self, program: Program) -> None:
        self.types: dict[str, Axes] = dict(program.types)
        self.nodes: list[Node] = []
        self._zeros: dict[Axes, str] = {}

    def reserve(self, base: str, axes: Axes) -> str:
        """A fresh name, `base` if that is free, for a value of type `axes` that is defined elsewhere."""
        name, k = base, 1
        while name in self.types:
            k += 1
            name = f"{base}_{k}"
        self.types[name] = axes
        return name

    def add(self, node: Node) -> str:
        """Append `node`, whose name is new or reserved; its name."""
        self.nodes.append(node)
        self.types[node.name] = node.type
        return node.name

    def pointwise(self, base: str, axes: Axes, expr: sp.Expr) -> str:
        """The name of a value of type `axes` that equals `expr`: one there is, the shared zero, or a new node called `base`."""
        if expr.is_Symbol and self.types[expr.name] == axes:
            name: str = expr.name
            return name
        if expr == 0:
            return self.zero(axes)
        return self.add(Pointwise(self.reserve(base, axes), axes, expr))

    def zero(self, axes: Axes) -> str:
        """The name of the zero of type `axes`."""
        if axes not in self._zeros:
            base = "_".join(("zero", *axes)).replace("+", "_").replace(COLUMNS, "")
            self._zeros[axes] = self.add(Pointwise(self.reserve(base, axes), axes, sp.S.Zero))
        return self._zeros[axes]

    def symbol_of(self, node: Node) -> sp.Symbol:
        """`add`, as a symbol to compute with."""
        return symbol(self.add(node))
