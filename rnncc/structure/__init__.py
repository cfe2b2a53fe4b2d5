"""What a cell's recurrence is like: found in its equations, never declared. Analyses, each a file; none changes a program."""

from rnncc.structure.diagonal import Diagonal, diagonal
from rnncc.structure.found import Found, lines, structure
from rnncc.structure.invertible import Inverse, inverse
from rnncc.structure.linear import Linear, linear
from rnncc.structure.loops import Loop, loops

__all__ = ["Diagonal", "Found", "Inverse", "Linear", "Loop", "diagonal", "inverse", "linear", "lines", "loops", "structure"]
