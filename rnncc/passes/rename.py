"""Rename: a node whose operands go by other names."""

from collections.abc import Mapping
from dataclasses import replace

from rnncc.errors import InternalError
from rnncc.functions import symbol
from rnncc.ir import (
    BlockDiagonal,
    Concat,
    Contract,
    DiagonalBlocks,
    Gather,
    Node,
    Pointwise,
    Reduce,
    Relabel,
    ScatterAdd,
    Slice,
    Transpose,
)


def rename(node: Node, names: Mapping[str, str]) -> Node:
    """`node` reading `names[o]` instead of each operand `o` in `names`; its own name stays.

    Assumes: the new operands have the types of the old.
    Guarantees: a node that reads none of `names` comes back as it is.
    Does not do: definitions, carries, outputs.
    """
    if not any(o in names for o in node.operands):
        return node
    match node:
        case Pointwise():
            return replace(node, expr=node.expr.xreplace({symbol(old): symbol(new) for old, new in names.items()}))
        case Contract():
            return replace(node, a=names.get(node.a, node.a), b=names.get(node.b, node.b))
        case Gather() | ScatterAdd():
            return replace(node, a=names.get(node.a, node.a), index=names.get(node.index, node.index))
        case Reduce() | Slice() | Transpose() | BlockDiagonal() | DiagonalBlocks() | Relabel():
            return replace(node, a=names.get(node.a, node.a))
        case Concat():
            return replace(node, parts=tuple(names.get(p, p) for p in node.parts))
        case _:
            raise InternalError(f"rename does not know {type(node).__name__} of {node.name}")
