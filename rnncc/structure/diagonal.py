"""Whether each unit of a loop sees its own past alone: no product, reduction or move lies in it.

Such a recurrence is diagonal: its Jacobian ∂h'/∂h is. Units and rows then run side by side without meeting.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rnncc.ir import BlockDiagonal, Contract, Node, Pointwise, Program, Reduce
from rnncc.structure.loops import Loop

_SHOWN = 4


@dataclass(frozen=True)
class Diagonal:
    """What was found.

    Parameters
    ----------
    holds
        Each unit sees its own past alone.
    mixing
        The values that read other units' past, where it does not.
    why
        The reason, in the names of the spec.
    """

    holds: bool
    mixing: tuple[str, ...]
    why: str


def diagonal(program: Program, loop: Loop) -> Diagonal:
    """Whether `loop` of `program` is diagonal."""
    mixing = [n for n in loop.nodes if not isinstance(n, Pointwise)]
    if not mixing:
        ends = ", ".join(f"{c.prev} to {c.next}" for c in loop.carries)
        return Diagonal(True, (), f"elementwise from {ends}: each unit sees its own past alone")
    return Diagonal(False, tuple(n.name for n in mixing), f"units meet in {listed(mixing, program)}")


def listed(nodes: Sequence[Node], program: Program) -> str:
    """The first of `nodes`, as a spec writes them."""
    return ", ".join([_written(n, program) for n in nodes[:_SHOWN]] + ["…"] * (len(nodes) > _SHOWN))


def _written(node: Node, program: Program) -> str:
    match node:
        case Contract():
            weight, stream = (node.b, node.a) if "T" in program.types[node.a] else (node.a, node.b)
            whole = program.node.get(weight)
            return f"{whole.a if isinstance(whole, BlockDiagonal) else weight} @ {stream}"
        case Reduce():
            return f"{node.op}({node.a})"
        case _:
            return node.name
