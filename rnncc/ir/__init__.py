"""The IR: a `Program` is a graph of values over a sequence, with `Carry` as the only place of the time shift."""

from rnncc.ir.graph import components, dependencies, feeds
from rnncc.ir.node import (
    Axes,
    Carry,
    Concat,
    Contract,
    Gather,
    Input,
    Iota,
    Node,
    Pointwise,
    Reduce,
    Role,
    ScatterAdd,
    Slice,
    Transpose,
    size_names,
    units,
)
from rnncc.ir.printer import show
from rnncc.ir.program import Program
from rnncc.ir.verify import verify

__all__ = [
    "Axes",
    "Carry",
    "Concat",
    "Contract",
    "Gather",
    "Input",
    "Iota",
    "Node",
    "Pointwise",
    "Program",
    "Reduce",
    "Role",
    "ScatterAdd",
    "Slice",
    "Transpose",
    "components",
    "dependencies",
    "feeds",
    "show",
    "size_names",
    "units",
    "verify",
]
