"""What a cell's recurrence is like: found in its equations, never declared. Analyses, each a file; none changes a program."""

from rnncc.structure.blocks import Blocks, blocks
from rnncc.structure.diagonal import Diagonal, diagonal
from rnncc.structure.found import Found, lines, structure, told
from rnncc.structure.invertible import Inverse, inverse
from rnncc.structure.linear import Linear, linear
from rnncc.structure.loops import Loop, loops
from rnncc.structure.step_map import Slope, StepMap, step_map

__all__ = [
    "Blocks",
    "Diagonal",
    "Found",
    "Inverse",
    "Linear",
    "Loop",
    "Slope",
    "StepMap",
    "blocks",
    "diagonal",
    "inverse",
    "linear",
    "lines",
    "loops",
    "step_map",
    "structure",
    "told",
]
