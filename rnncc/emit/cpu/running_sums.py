"""Sums that one phase after the other adds to: one array holds what they have reached."""

from collections.abc import Iterable, Mapping

from rnncc.ir import Pointwise, Program


def running_sums(program: Program, nodes: Iterable[Pointwise], stored: Mapping[str, bool]) -> dict[str, str]:
    """Stored value -> the stored value that it becomes at last, where nothing but the next term of that sum reads it.

    Both may lie in one array: element by element the sum is read, added to and written back.

    Parameters
    ----------
    program
        Of `nodes`.
    nodes
        What one region computes, in order.
    stored
        Values in memory, and whether nothing but the nodes of the region asks where.
    """
    becomes: dict[str, str] = {}
    read = _readers(program)
    ends: dict[str, str] = {}
    """Value -> the last stored value that it is a term of, directly or by other terms."""
    for n in reversed(list(nodes)):
        end = ends.get(n.name) if stored.get(n.name, True) else None
        if end and n.name in stored:
            becomes[n.name] = end
        term = _goes_on(program, n, read, stored)
        if term and (end or n.name in stored):
            ends[term] = end or n.name
    return becomes


def _readers(program: Program) -> dict[str, int]:
    """How many nodes, carries and outputs read each value."""
    read: dict[str, int] = {}
    reads = [o for n in program.nodes for o in n.operands]
    for v in [*reads, *(v for c in program.carries for v in (c.init, c.next)), *(v for _, v in program.outputs)]:
        read[v] = read.get(v, 0) + 1
    return read


def _goes_on(program: Program, n: Pointwise, read: Mapping[str, int], stored: Mapping[str, bool]) -> str | None:
    """The term of the sum `n`, pointwise of its type, that nothing else reads and that is in memory, or a sum itself."""
    for name in [a.name for a in n.expr.args if a.is_Symbol] if n.expr.is_Add else []:
        term = program.node.get(name)
        if isinstance(term, Pointwise) and term.type == n.type and read[name] == 1 and (stored.get(name) or term.expr.is_Add):
            return name
    return None
