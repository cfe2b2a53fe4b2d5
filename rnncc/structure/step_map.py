"""The affine map that a step is of its states, and how the maps of several steps compose.

Where every next state is affine in the previous ones, so is the state after many steps in the state before them: `M s + o`. Both follow
step by step without knowing s: o as a state that begins with zeros, and each column of M as a tangent of the step that begins with a
unit vector. States that never reach each other have no entry in M.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import sympy as sp

from rnncc.functions import partials, symbol
from rnncc.ir import Carry, Pointwise
from rnncc.structure.linear import affine


@dataclass(frozen=True)
class Slope:
    """One entry of M while steps compose: how state number `after` moves with the first value of state number `before`.

    Parameters
    ----------
    after, before
        Numbers of carries.
    name
        The entry ahead of a step.
    next
        The value that it is after the step; "" where that is zero.
    """

    after: int
    before: int
    name: str
    next: str

    @property
    def first(self) -> float:
        """The entry ahead of the first step."""
        return float(self.after == self.before)


@dataclass(frozen=True)
class StepMap:
    """What composes steps.

    Parameters
    ----------
    carries
        Whose states are mapped.
    nodes
        What the next states are made of and, behind it, what moves them.
    slopes
        The entries of M, row after row.
    """

    carries: tuple[Carry, ...]
    nodes: tuple[Pointwise, ...]
    slopes: tuple[Slope, ...]

    @property
    def numbers(self) -> int:
        """How many numbers of a unit a map has, those of o first."""
        return len(self.carries) + len(self.slopes)


def step_map(nodes: Iterable[Pointwise], carries: tuple[Carry, ...], taken: Collection[str]) -> StepMap | None:
    """The map of a step of `nodes`, in order; None where it is not affine in what `carries` were.

    Parameters
    ----------
    nodes
        An elementwise step.
    carries
        All that it hands on.
    taken
        Names that new values must not have.
    """
    steps = _needed(tuple(nodes), {c.next for c in carries})
    reached = _reached(steps, carries)
    moving = {v for v, by in reached.items() if by}
    made = {n.name for n in steps}
    if not carries or any(c.next not in made for c in carries) or not all(affine(n.expr, moving) for n in steps):
        return None
    known = set(taken)
    columns = [_Column(steps, carries, k, rows, known) for k, rows in enumerate(_entries(reached, carries))]
    slopes = sorted((s for column in columns for s in column.slopes), key=lambda s: (s.after, s.before))
    return StepMap(carries, (*steps, *(n for column in columns for n in column.nodes)), tuple(slopes))


class _Column:
    """A column of M: the tangent of a step along the first value of one carry.

    Parameters
    ----------
    rows
        Numbers of the carries that it ever reaches.
    taken
        Names that new values must not have; theirs are added.
    """

    def __init__(self, steps: tuple[Pointwise, ...], carries: tuple[Carry, ...], before: int, rows: list[int], taken: set[str]) -> None:
        self.nodes: list[Pointwise] = []
        self.taken, self.by = taken, carries[before].prev
        first = {carries[k].prev: self.named(carries[k].prev) for k in rows}
        self.tangents = dict(first)
        handed_on = {c.next for c in carries}
        for n in steps:
            self.visit(n, keep=n.name in handed_on)
        self.slopes = [Slope(k, before, first[carries[k].prev], self.tangents.get(carries[k].next, "")) for k in rows]

    def visit(self, n: Pointwise, *, keep: bool) -> None:
        """The tangent of `n`, a value of its own unless it is another one's and `keep` does not ask for it."""
        active = [o for o in n.operands if o in self.tangents]
        slope = sp.Add(*(symbol(self.tangents[o]) * d for o, d in partials(n.expr, n.name, active).items()))
        if slope == 0:
            return
        if slope.is_Symbol and not keep:
            self.tangents[n.name] = slope.name
            return
        self.tangents[n.name] = self.named(n.name)
        self.nodes.append(Pointwise(self.tangents[n.name], n.type, slope))

    def named(self, value: str) -> str:
        name = f"{value}_by_{self.by}"
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name


def _needed(nodes: tuple[Pointwise, ...], targets: set[str]) -> tuple[Pointwise, ...]:
    """Those of `nodes` that `targets` are made of."""
    needed, found = set(targets), list[Pointwise]()
    for n in reversed(nodes):
        if n.name in needed:
            needed.update(n.operands)
            found.append(n)
    return tuple(reversed(found))


def _reached(steps: tuple[Pointwise, ...], carries: tuple[Carry, ...]) -> Mapping[str, set[int]]:
    """Value -> the carries, by number, whose previous states it depends on within a step."""
    found = {c.prev: {k} for k, c in enumerate(carries)}
    for n in steps:
        found[n.name] = set[int]().union(*(found.get(o, set()) for o in n.operands))
    return found


def _entries(reached: Mapping[str, set[int]], carries: tuple[Carry, ...]) -> list[list[int]]:
    """For each carry those that it reaches in any number of steps, itself among them."""
    found = []
    for k in range(len(carries)):
        rows, size = {k}, 0
        while len(rows) > size:
            size = len(rows)
            rows |= {a for a, c in enumerate(carries) if reached[c.next] & rows}
        found.append(sorted(rows))
    return found
