"""Which values to keep across a boundary and which to compute again: a minimum cut.

Every value is an edge from its "in" to its "out" vertex whose capacity is what keeping it costs. The source feeds "in" with what
computing it again costs, its operands' "out" feed it without limit, and what is needed beyond the boundary flows into the sink.
"""

from collections import deque
from collections.abc import Callable, Iterable

NEVER = 10**12
"""The cost of what must not be done."""

Vertex = tuple[str, str]
_SOURCE: Vertex = ("", "source")
_SINK: Vertex = ("", "sink")


def minimum_cut(
    need: Iterable[str],
    operands: Callable[[str], Iterable[str]],
    keep_cost: Callable[[str], int],
    again_cost: Callable[[str], int],
) -> tuple[set[str], set[str]]:
    """The cheapest way to have `need` beyond the boundary.

    Parameters
    ----------
    need
        Values wanted beyond the boundary.
    operands
        What a value is computed from.
    keep_cost, again_cost
        What it costs to keep a value, and to compute it from its operands beyond the boundary; `NEVER` forbids it.

    Returns
    -------
    kept, again
        Values to carry across, and values to compute again; the latter need only each other and the former.
    """
    wanted = list(need)
    network, seen = _network(wanted, operands, keep_cost, again_cost)
    network.saturate()
    side = network.reached()
    kept = {v for v in seen if (v, "in") in side and (v, "out") not in side}
    return kept, _asked_for(wanted, {v for v in seen if (v, "in") not in side}, operands)


def _network(
    wanted: Iterable[str],
    operands: Callable[[str], Iterable[str]],
    keep_cost: Callable[[str], int],
    again_cost: Callable[[str], int],
) -> "tuple[_Network, set[str]]":
    """What flows between computing again and keeping, and the values it holds: `wanted`, and what these can be computed again from."""
    network, seen, todo = _Network(), set[str](), list(wanted)
    while todo:
        v = todo.pop()
        if v in seen:
            continue
        seen.add(v)
        network.join((v, "in"), (v, "out"), keep_cost(v))
        again = again_cost(v)
        network.join(_SOURCE, (v, "in"), again)
        for o in operands(v) if again < NEVER else ():
            network.join((o, "out"), (v, "in"), NEVER)
            todo.append(o)
    for v in wanted:
        network.join((v, "out"), _SINK, NEVER)
    return network, seen


def _asked_for(wanted: Iterable[str], free: set[str], operands: Callable[[str], Iterable[str]]) -> set[str]:
    """Of the values `free` to be computed again those that `wanted` needs: what costs nothing lies there, needed or not."""
    found: set[str] = set()
    todo = [v for v in wanted if v in free]
    while todo:
        v = todo.pop()
        if v not in found:
            found.add(v)
            todo.extend(o for o in operands(v) if o in free)
    return found


class _Network:
    def __init__(self) -> None:
        self.capacity: dict[Vertex, dict[Vertex, int]] = {_SOURCE: {}, _SINK: {}}

    def join(self, a: Vertex, b: Vertex, capacity: int) -> None:
        self.capacity.setdefault(a, {})[b] = capacity
        self.capacity.setdefault(b, {}).setdefault(a, 0)

    def reached(self) -> dict[Vertex, Vertex]:
        """Vertices that the source still reaches, each with its predecessor, breadth first."""
        found = {_SOURCE: _SOURCE}
        queue = deque([_SOURCE])
        while queue:
            a = queue.popleft()
            for b, left in self.capacity[a].items():
                if left > 0 and b not in found:
                    found[b] = a
                    queue.append(b)
        return found

    def saturate(self) -> None:
        """Send flow along shortest paths until none is left (Edmonds & Karp 1972)."""
        while _SINK in (predecessor := self.reached()):
            path = []
            v = _SINK
            while v != _SOURCE:
                path.append((predecessor[v], v))
                v = predecessor[v]
            flow = min(self.capacity[a][b] for a, b in path)
            for a, b in path:
                self.capacity[a][b] -= flow
                self.capacity[b][a] += flow
