"""The dependency graph: strongly connected components are the time loops, everything else is whole-sequence work."""

from collections.abc import Iterable

from rnncc.ir.program import Program


def dependencies(program: Program) -> dict[str, tuple[str, ...]]:
    """Value -> the values it is computed from, in order of definition."""
    found: dict[str, tuple[str, ...]] = {i.name: () for i in program.inputs}
    for c in program.carries:
        found[c.prev] = (c.next, c.init)
        found[c.final] = (c.next, c.init, c.prev)
    return found | {n.name: n.operands for n in program.nodes}


def feeds(program: Program, targets: Iterable[str]) -> set[str]:
    """Values from which one of `targets` is reached."""
    operands, found, todo = dependencies(program), set[str](), list(targets)
    while todo:
        new = [o for o in operands[todo.pop()] if o not in found]
        found.update(new)
        todo.extend(new)
    return found


def components(program: Program) -> list[tuple[frozenset[str], bool]]:
    """Strongly connected components, operands first, each with whether it is a cycle (Tarjan 1972, iterative)."""
    return _Tarjan(dependencies(program)).run()


class _Tarjan:
    def __init__(self, operands: dict[str, tuple[str, ...]]) -> None:
        self.operands = operands
        self.index: dict[str, int] = {}
        self.low: dict[str, int] = {}
        self.stack: list[str] = []
        self.on_stack: set[str] = set()
        self.found: list[tuple[frozenset[str], bool]] = []

    def run(self) -> list[tuple[frozenset[str], bool]]:
        for root in self.operands:
            if root not in self.index:
                self._visit(root)
        return self.found

    def _enter(self, v: str) -> None:
        self.index[v] = self.low[v] = len(self.index)
        self.stack.append(v)
        self.on_stack.add(v)

    def _visit(self, root: str) -> None:
        self._enter(root)
        work = [(root, iter(self.operands[root]))]
        while work:
            v, rest = work[-1]
            w = next(rest, None)
            if w is None:
                work.pop()
                self._leave(v, work[-1][0] if work else None)
            elif w not in self.index:
                self._enter(w)
                work.append((w, iter(self.operands[w])))
            elif w in self.on_stack:
                self.low[v] = min(self.low[v], self.index[w])

    def _leave(self, v: str, parent: str | None) -> None:
        if parent is not None:
            self.low[parent] = min(self.low[parent], self.low[v])
        if self.low[v] != self.index[v]:
            return
        at = self.stack.index(v)
        members, self.stack = self.stack[at:], self.stack[:at]
        self.on_stack.difference_update(members)
        self.found.append((frozenset(members), len(members) > 1 or v in self.operands[v]))
