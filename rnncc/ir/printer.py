"""The readable form of a program, one value a line; stable from run to run."""

from rnncc.ir.node import (
    BlockDiagonal,
    Carry,
    Contract,
    DiagonalBlocks,
    Gather,
    Iota,
    Node,
    Pointwise,
    Reduce,
    Relabel,
    ScatterAdd,
    Slice,
    Transpose,
)
from rnncc.ir.program import Program


def show(program: Program) -> str:
    """`program` as text.

    program LSTM
      input  x: T N input
      carry  h = previous h_new, first h_0, final h_T: T N hidden
      i: T N hidden = sigmoid(i_in)
      outputs output = h_new, h_T = h_T
    """
    lines = [f"program {program.name}"]
    lines += [f"  {i.role:8} {i.name}: {' '.join(i.type)}".rstrip() for i in program.inputs]
    lines += [f"  {_carry(c)}" for c in program.carries]
    lines += [f"  {n.name}: {' '.join(n.type)} = {right_hand_side(n)}" for n in program.nodes]
    lines.append("  outputs  " + ", ".join(f"{key} = {value}" for key, value in program.outputs))
    return "\n".join(lines)


def right_hand_side(node: Node) -> str:
    """What defines `node`, without its name."""
    match node:
        case Pointwise():
            return str(node.expr)
        case Contract():
            return f"{node.a} · {node.b} [{node.index}]"
        case Reduce():
            return f"{node.op}({node.a})"
        case Slice() | Transpose():
            return f"{node.a}[part {node.part}]" if isinstance(node, Slice) else f"{node.a}.T"
        case Relabel() | BlockDiagonal() | DiagonalBlocks():
            return f"{node.word}({node.a})"
        case Iota():
            return f"iota(axis {node.axis})"
        case Gather() | ScatterAdd():
            return f"{type(node).__name__.lower()}({node.a}, {node.index})"
        case _:
            return f"concat({', '.join(node.parts)})"


def _carry(c: Carry) -> str:
    shift = "following" if c.reverse else "previous"
    return f"carry    {c.prev} = {shift} {c.next}, first {c.init}, final {c.final}: {' '.join(c.type)}"
