"""Whether each unit of a loop sees its own past alone: no product, reduction or move lies in it.

Such a recurrence is diagonal: its Jacobian ∂h'/∂h is. Units and rows then run side by side without meeting.
"""

from dataclasses import dataclass

from rnncc.ir import Contract, Node, Pointwise, Program, Reduce
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
    shown = [_written(n, program) for n in mixing[:_SHOWN]] + ["…"] * (len(mixing) > _SHOWN)
    return Diagonal(False, tuple(n.name for n in mixing), f"units meet in {', '.join(shown)}")


def _written(node: Node, program: Program) -> str:
    match node:
        case Contract():
            weight, stream = (node.b, node.a) if "T" in program.types[node.a] else (node.a, node.b)
            return f"{weight} @ {stream}"
        case Reduce():
            return f"{node.op}({node.a})"
        case _:
            return node.name
