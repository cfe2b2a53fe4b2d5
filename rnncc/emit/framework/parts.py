"""Which part of a cell each value belongs to, which products are made at once, and which values are written out where they are used."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from rnncc.emit.array_code import product_of
from rnncc.functions import Elementwise
from rnncc.ir import Contract, Node, Pointwise, Program


@dataclass(frozen=True)
class Pack:
    """Products of one operand with several weights of as many rows each: one product with the weights below one another."""

    operand: str
    weights: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def name(self) -> str:
        """The key of the joined weights: no name of a spec has a space."""
        return " ".join(self.weights)


@dataclass(frozen=True)
class Parts:
    """The parts of the primal `program`; values in `named` are never written into another's line."""

    program: Program
    named: frozenset[str]

    @cached_property
    def streams(self) -> list[str]:
        """What comes in at every step."""
        return [i.name for i in self.program.inputs if i.role in ("input", "index")]

    @cached_property
    def _entered(self) -> set[str]:
        """Values that a state enters."""
        found = {c.prev for c in self.program.carries}
        for n in self.program.nodes:
            if found.intersection(n.operands):
                found.add(n.name)
        return found

    @cached_property
    def prepared(self) -> list[Node]:
        """Nodes that do not vary in time."""
        return [n for n in self.program.nodes if "T" not in n.type]

    @cached_property
    def projected(self) -> list[Node]:
        """Nodes that vary in time and that no state enters."""
        return [n for n in self.program.nodes if "T" in n.type and n.name not in self._entered]

    @cached_property
    def advanced(self) -> list[Node]:
        """Nodes that a state enters."""
        return [n for n in self.program.nodes if "T" in n.type and n.name in self._entered]

    @cached_property
    def handed(self) -> list[str]:
        """What `advanced` and the results need of the streams and of `projected`; never empty, since it shows T."""
        wanted = {o for n in self.advanced for o in n.operands} | self._results
        known = [*self.streams, *(n.name for n in self.projected)]
        return [name for name in known if name in wanted] or self.streams[:1]

    @cached_property
    def _results(self) -> set[str]:
        return {c.next for c in self.program.carries} | {value for _, value in self.program.outputs}

    @cached_property
    def packs(self) -> dict[str, Pack]:
        """Value -> the pack that makes it."""
        packs = [p for nodes in (self.projected, self.advanced) for p in self._packs(nodes)]
        return {value: pack for pack in packs for value in pack.values}

    def _packs(self, nodes: list[Node]) -> Iterator[Pack]:
        groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for n in nodes:
            found = product_of(n, self.program.types) if isinstance(n, Contract) else None
            if found and found[2]:
                weights, operand, _ = found
                groups.setdefault((operand, self.program.types[weights][0]), []).append((weights, n.name))
        for (operand, _), members in groups.items():
            if len(members) > 1:
                yield Pack(operand, tuple(w for w, _ in members), tuple(v for _, v in members))

    @cached_property
    def inlined(self) -> set[str]:
        """Values written out where they are used: unnamed, and used once, in the same part."""
        found: set[str] = set()
        for nodes in (self.projected, self.advanced):
            uses = Counter(name for n in nodes for name in _occurrences(n))
            found |= {n.name for n in nodes if uses[n.name] == 1}
        return found - self.named - self._results - set(self.handed) - set(self.packs)

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Values that are Python numbers."""
        found = {i.name for i in self.program.inputs if i.role in ("const", "size")}
        for n in self.prepared:
            if isinstance(n, Pointwise) and found.issuperset(n.operands) and not n.expr.has(Elementwise, sp.Piecewise):
                found.add(n.name)
        return frozenset(found)


def _occurrences(node: Node) -> list[str]:
    if not isinstance(node, Pointwise):
        return list(node.operands)
    return [e.name for e in sp.preorder_traversal(node.expr) if isinstance(e, sp.Symbol)]
