"""The spec language: what a spec file imports, and loading such a file.

A spec is a Python file that makes one `Cell`; its equations are for one unit of one sample.
"""

from rnncc.functions.vocabulary import (
    Abs,
    Max,
    Min,
    Mod,
    clamp,
    cos,
    erf,
    exp,
    floor,
    log,
    relu,
    sigmoid,
    sin,
    softplus,
    sqrt,
    surrogate,
    tanh,
)
from rnncc.spec.cell import Cell
from rnncc.spec.cell_spec import CellSpec, Definition, Option
from rnncc.spec.info import cell_info
from rnncc.spec.load import load, load_text
from rnncc.spec.pair import Complex
from rnncc.spec.structure import Piecewise, cols, concat, hard_sigmoid, mean, outer, rows, softmax
from rnncc.spec.structure import largest as max  # noqa: A004 (a spec's `max` and `sum` go over the units)
from rnncc.spec.structure import total as sum  # noqa: A004

__all__ = [
    "Abs",
    "Cell",
    "CellSpec",
    "Complex",
    "Definition",
    "Max",
    "Min",
    "Mod",
    "Option",
    "Piecewise",
    "cell_info",
    "clamp",
    "cols",
    "concat",
    "cos",
    "erf",
    "exp",
    "floor",
    "hard_sigmoid",
    "load",
    "load_text",
    "log",
    "max",
    "mean",
    "outer",
    "relu",
    "rows",
    "sigmoid",
    "sin",
    "softmax",
    "softplus",
    "sqrt",
    "sum",
    "surrogate",
    "tanh",
]
