"""The interpreter: the meaning of a `Program` in NumPy float64."""

from rnncc.emit.numpy.interpreter import run

__all__ = ["run"]
