"""Whether a step can be undone: each previous state computed from the next ones and the input of the step.

Such a loop needs no residuals of its own: a backward pass could run the states back (Rusch & Mishra 2021). The inverse is sought one
state at a time: some next value adds, besides what is known by then, one previous state alone, as it is. A step that multiplies its
state by a gate, however near 0, has an inverse too, but one that loses digits at every step; it is not counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp

from rnncc.functions import symbol
from rnncc.functions.partials import partials
from rnncc.ir import Pointwise, Program
from rnncc.structure.linear import affine
from rnncc.structure.loops import Loop


@dataclass(frozen=True)
class Inverse:
    """What was found.

    Parameters
    ----------
    holds
        Every previous state follows from the next ones.
    why
        The reason, in the names of the spec.
    solved
        Pairs (prev, expression): what each is, in the order in which they can be computed.
    """

    holds: bool
    why: str
    solved: tuple[tuple[str, sp.Expr], ...]


def inverse(program: Program, loop: Loop) -> Inverse:
    """Whether the step of `loop` can be undone."""
    search = _Search(program, loop)
    solved = tuple(search.run())
    if not search.unknown:
        return Inverse(True, ", then ".join(f"{prev} = {expr}" for prev, expr in solved), solved)
    left = " or ".join(c.prev for c in loop.carries if c.prev in search.unknown)
    why = search.weighted or f"no next value adds {left} as it is to what is known without it"
    return Inverse(False, why, solved)


class _Search:
    def __init__(self, program: Program, loop: Loop) -> None:
        self.program, self.loop = program, loop
        self.unknown = {c.prev for c in loop.carries}
        self.unused = [c.next for c in loop.carries]
        self.weighted = ""
        """Which state only a division gives back."""

    def run(self) -> Iterator[tuple[str, sp.Expr]]:
        while found := next((f for f in map(self._solve, self.unused) if f is not None), None):
            after, prev, expr = found
            self.unused.remove(after)
            self.unknown.remove(prev)
            yield prev, expr

    def _solve(self, after: str) -> tuple[str, str, sp.Expr] | None:
        """The previous state that `after` gives away, and what it is."""
        node = self.program.node.get(after)
        if not isinstance(node, Pointwise):
            return None
        expr = self._in_known(node)
        unknown = {s.name for s in expr.free_symbols} & self._undetermined()
        if len(unknown) != 1 or not unknown <= self.unknown or not affine(expr, unknown):
            return None
        (prev,) = unknown
        slope = partials(expr, after, [prev])[prev]
        if slope not in (1, -1):
            self.weighted = f"{after} holds {prev} times {slope}, and dividing by that loses digits"
            return None
        return after, prev, sp.expand(slope * (symbol(after) - expr) + symbol(prev))

    def _undetermined(self) -> set[str]:
        """Values of the loop that wait for an unknown state, next values apart."""
        found = set(self.unknown)
        given = {c.next for c in self.loop.carries}
        for n in self.loop.nodes:
            if n.name not in given and not found.isdisjoint(n.operands):
                found.add(n.name)
        return found

    def _in_known(self, node: Pointwise) -> sp.Expr:
        """What `node` computes, written out until nothing but known values, unknown states and products of them are left."""
        waiting = self._undetermined()
        written: dict[sp.Symbol, sp.Expr] = {}
        for n in self.loop.nodes:
            if n.name in waiting and isinstance(n, Pointwise):
                written[symbol(n.name)] = n.expr.xreplace(written)
        return node.expr.xreplace(written)
