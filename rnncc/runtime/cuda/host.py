"""As `runtime.host`, on a device: what a cell computes outside its loop, of arrays of NumPy or CuPy, or of numbers."""

import importlib
from typing import Any

import numpy as np
from numpy import cos, exp, floor, log, sin, sqrt, tanh, where

from rnncc.runtime import host
from rnncc.runtime.host import Abs, Max, Min, Mod, ahead, clamp, equal, inside, relu, sigmoid, sign, softplus, step
from rnncc.runtime.library import library_of

__all__ = [
    "Abs", "Max", "Min", "Mod", "ahead", "clamp", "cos", "equal", "erf", "exp", "floor", "full", "inside", "iota", "log",
    "relu", "sigmoid", "sign", "sin", "softplus", "sqrt", "step", "surrogate", "tanh", "where",
]  # fmt: skip


def erf(a: Any) -> Any:
    """The error function."""
    if isinstance(a, float | np.ndarray | np.generic):
        return host.erf(a)
    return importlib.import_module("cupyx.scipy.special").erf(a)


def full(like: Any, shape: tuple[int, ...], value: Any) -> Any:
    """`value`, a number or an array without axes, everywhere in a new array of `shape`: of the library and dtype of `like`."""
    made = library_of(like).empty(shape, like.dtype)
    made[...] = value
    return made


def iota(axis: int, like: Any, *shape: int) -> Any:
    """The index along `axis` of an array of this shape, counted from 0: of the library and dtype of `like`."""
    made = library_of(like).empty(shape, like.dtype)
    made[...] = library_of(like).arange(shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(shape))])
    return made


def surrogate(value: Any, argument: Any, slope: Any) -> Any:
    """`value`; its derivative by `argument` is taken for `slope`."""
    shapes = [getattr(a, "shape", ()) for a in (value, argument, slope)]
    arrays = [a for a, shape in zip((value, argument, slope), shapes, strict=True) if shape]
    return full(arrays[0], np.broadcast_shapes(*shapes), value) if arrays else host.surrogate(value, argument, slope)
