"""Contributions to each value's cotangent, and their total."""

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import Axes, Concat, Reduce, size_names, units
from rnncc.passes.builder import Builder


class Cotangents:
    """What the users of each value have contributed to its cotangent so far.

    Parameters
    ----------
    builder
        Takes the new nodes.
    wanted
        Values whose cotangent matters: those that depend on an input asked for and reach an output that has a seed.
    prefix
        Before a value's name, the name of its cotangent.
    """

    def __init__(self, builder: Builder, wanted: set[str], prefix: str) -> None:
        self.builder, self.wanted, self.prefix = builder, wanted, prefix
        self._terms: dict[str, list[sp.Expr]] = {}
        self._parts: dict[str, dict[int, list[sp.Expr]]] = {}

    def give(self, value: str, expr: sp.Expr) -> None:
        """Add `expr`, which broadcasts to the type of `value`."""
        if expr != 0:
            self._terms.setdefault(value, []).append(expr)

    def give_part(self, value: str, part: int, expr: sp.Expr) -> None:
        """Add `expr` to part number `part` of the last axis of `value`."""
        self._parts.setdefault(value, {}).setdefault(part, []).append(expr)

    def give_summed(self, value: str, expr: sp.Expr, user: str) -> None:
        """Add `expr`, which has the type of the value `user`, summed over the axes that `value` lacks."""
        types = self.builder.types
        if types[value] == types[user]:
            self.give(value, expr)
        elif expr != 0:
            whole = self.builder.pointwise(f"{self.prefix}{value}_at_{user}", types[user], expr)
            for axes in _steps(types[user], types[value]):
                name = self.builder.reserve(f"{self.prefix}{value}_of_{user}", axes)
                whole = self.builder.add(Reduce(name, axes, whole, "sum"))
            self.give(value, symbol(whole))

    def total(self, value: str) -> str | None:
        """The name of the finished cotangent of `value`; None where it is zero."""
        if value in self._parts:
            self.give(value, self._joined(value))
        terms = self._terms.pop(value, [])
        total = sp.Add(*terms)
        if total == 0:
            return None
        return self.builder.pointwise(self.prefix + value, self.builder.types[value], total)

    def total_or_zero(self, value: str) -> str:
        """The name of the finished cotangent of `value`, the shared zero where it is zero."""
        return self.total(value) or self.builder.zero(self.builder.types[value])

    def _joined(self, value: str) -> sp.Expr:
        axes, given = self.builder.types[value], self._parts.pop(value)
        parts = []
        for k, size in enumerate(size_names(axes[-1])):
            base = f"{self.prefix}{value}_part_{k}"
            parts.append(self.builder.pointwise(base, (*axes[:-1], size), sp.Add(*given.get(k, ()))))
        name = self.builder.reserve(self.prefix + value, axes)
        return symbol(self.builder.add(Concat(name, axes, tuple(parts))))


def _steps(user: Axes, value: Axes) -> list[Axes]:
    """The types of the sums that lead from `user` to `value`: of a matrix first the columns, then the rows, then all the rest.

    Where rows of the batch are kept apart a sum goes over time alone.
    """
    found = []
    alone = "N" in value and "T" not in value
    while len(units(user)) > (not alone) and units(user) != units(value):
        last = next(a for a in reversed(user) if a not in value)
        user = tuple(a for a in user if a != last)
        found.append(user)
    return found if user == value else [*found, value]
