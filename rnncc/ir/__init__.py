"""The IR: a `Program` is a graph of values over a sequence, with `Carry` as the only place of the time shift."""

from rnncc.ir.graph import components, dependencies, feeds
from rnncc.ir.node import (
    COLUMNS,
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
    Relabel,
    Role,
    ScatterAdd,
    Slice,
    Transpose,
    broadcast,
    matrix_axes,
    size_names,
    units,
)
from rnncc.ir.printer import show
from rnncc.ir.program import Program
from rnncc.ir.verify import verify

__all__ = [
    "COLUMNS",
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
    "Relabel",
    "Role",
    "ScatterAdd",
    "Slice",
    "Transpose",
    "broadcast",
    "components",
    "dependencies",
    "feeds",
    "matrix_axes",
    "show",
    "size_names",
    "units",
    "verify",
]
