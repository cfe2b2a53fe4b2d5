"""The program: inputs, carries, nodes in order of definition, outputs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from rnncc.ir.node import Axes, Carry, Input, Node


@dataclass(frozen=True)
class Program:
    """A graph of values over a sequence. A carry's `prev` and `final` count as defined before the first node."""

    name: str
    inputs: tuple[Input, ...]
    carries: tuple[Carry, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[tuple[str, str], ...]
    """Pairs (key, value): what a caller asks for by key, and the value it names."""

    @cached_property
    def types(self) -> dict[str, Axes]:
        """Every value's type."""
        found = {i.name: i.type for i in self.inputs} | {n.name: n.type for n in self.nodes}
        for c in self.carries:
            found[c.prev], found[c.final] = c.type, c.type[1:]
        return found

    @cached_property
    def node(self) -> dict[str, Node]:
        """Nodes by name."""
        return {n.name: n for n in self.nodes}

    @cached_property
    def input(self) -> dict[str, Input]:
        """Inputs by name."""
        return {i.name: i for i in self.inputs}

    @cached_property
    def by_prev(self) -> dict[str, Carry]:
        """Carries by their `prev`."""
        return {c.prev: c for c in self.carries}

    @cached_property
    def by_final(self) -> dict[str, Carry]:
        """Carries by their `final`."""
        return {c.final: c for c in self.carries}

    def fresh(self, base: str) -> str:
        """`base`, or `base_2`, `base_3` … where that is taken."""
        return next(name for name in _numbered(base) if name not in self.types)


def _numbered(base: str) -> Iterator[str]:
    yield base
    k = 2
    while True:
        yield f"{base}_{k}"
        k += 1
