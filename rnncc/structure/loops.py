"""The loops of a program: the carries that wait for each other, and what lies between them."""

from dataclasses import dataclass
from functools import cached_property

from rnncc.ir import Carry, Node, Program, components


@dataclass(frozen=True)
class Loop:
    """One cycle of the dependency graph.

    Parameters
    ----------
    carries
        Its carries, in the program's order.
    nodes
        What is computed on the way from a `prev` to a `next`, in order.
    """

    carries: tuple[Carry, ...]
    nodes: tuple[Node, ...]

    @cached_property
    def inside(self) -> frozenset[str]:
        """The values of a step that depend on the loop's carries and that these depend on."""
        return frozenset((*(c.prev for c in self.carries), *(n.name for n in self.nodes)))

    @property
    def states(self) -> str:
        """`h, c`."""
        return ", ".join(c.prev for c in self.carries)


def loops(program: Program) -> tuple[Loop, ...]:
    """The cycles of `program`, those that others read first. A carry outside every cycle is a shift, and no loop."""
    cycles = [members for members, cyclic in components(program) if cyclic]
    return tuple(
        Loop(tuple(c for c in program.carries if c.prev in members), tuple(n for n in program.nodes if n.name in members))
        for members in cycles
    )
