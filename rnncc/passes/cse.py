"""Common subexpressions: equal right-hand sides become one value."""

from dataclasses import replace

from rnncc.ir import Node, Pointwise, Program
from rnncc.passes.rename import rename


def cse(program: Program) -> Program:
    """`program` with each right-hand side computed once, and without copies.

    Assumes: a verified program.
    Guarantees: of equal values the first keeps its name; a value that only copies another of its type is gone; output keys stay.
    Does not do: algebra (`a + b - b` stays), operands of a `Contract` in another order, equal carries.
    """
    names: dict[str, str] = {}
    first: dict[Node, str] = {}
    nodes: list[Node] = []
    for n in (rename(n, names) for n in program.nodes):
        source = _copied(n, program)
        key = replace(n, name="")
        if source is not None:
            names[n.name] = source
        elif key in first:
            names[n.name] = first[key]
        else:
            first[key] = n.name
            nodes.append(n)
    carries = tuple(replace(c, init=names.get(c.init, c.init), next=names.get(c.next, c.next)) for c in program.carries)
    outputs = tuple((key, names.get(v, v)) for key, v in program.outputs)
    return replace(program, nodes=tuple(nodes), carries=carries, outputs=outputs)


def _copied(node: Node, program: Program) -> str | None:
    """The value that `node` is nothing but a copy of."""
    if not isinstance(node, Pointwise) or not node.expr.is_Symbol:
        return None
    source: str = node.expr.name
    return source if program.types[source] == node.type else None
