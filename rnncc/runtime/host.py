"""The vocabulary on NumPy arrays and numbers: what a cell computes outside its loop, and the meaning of the kernels' functions.

float32 stays float32. NaN propagates, except through the piecewise constant functions; large arguments never overflow on the way to
a finite result.
"""

import math
from typing import Any

import numpy as np
from numpy import cos, exp, floor, log, sin, sqrt, tanh, where

__all__ = [
    "Abs", "Max", "Min", "Mod", "ahead", "clamp", "cos", "equal", "erf", "exp", "floor", "full", "inside", "iota", "log",
    "relu", "sigmoid", "sign", "sin", "softplus", "sqrt", "step", "surrogate", "tanh", "where",
]  # fmt: skip

Abs, Max, Min, Mod = np.abs, np.maximum, np.minimum, np.mod

_erf = np.vectorize(math.erf, otypes=[np.float64])


def erf(a: Any) -> Any:
    """The error function, in float64 on the way."""
    return _erf(a).astype(np.result_type(a, np.float32))


def full(like: Any, shape: tuple[int, ...], value: Any) -> Any:
    """`value` everywhere in an array of this shape, of the dtype of `like`."""
    return np.full(shape, value, like.dtype)


def iota(axis: int, like: Any, *shape: int) -> Any:
    """The index along `axis` of an array of this shape, counted from 0, in the dtype of `like`."""
    return np.indices(shape, like.dtype)[axis]


def step(a: Any) -> Any:
    """1 where a > 0, else 0, NaN included."""
    return _truth(np.greater(a, 0), a)


def sign(a: Any) -> Any:
    """-1, 0 or 1; 0 of NaN."""
    return _truth(np.greater(a, 0), a) - _truth(np.less(a, 0), a)


def equal(a: Any, b: Any) -> Any:
    """1 where a = b, else 0."""
    return _truth(np.equal(a, b), a, b)


def ahead(a: Any, b: Any) -> Any:
    """1 where a > b, 1/2 where a = b, else 0."""
    return _truth(np.greater(a, b), a, b) + equal(a, b) / 2


def inside(a: Any, low: Any, high: Any) -> Any:
    """1 where low <= a <= high, else 0."""
    return _truth(np.less_equal(low, a) & np.less_equal(a, high), a, low, high)


def sigmoid(a: Any) -> Any:
    """1 / (1 + exp(-a)); both branches share exp(-|a|), which lies in (0, 1]."""
    small = np.exp(-np.abs(a))
    return np.where(np.greater_equal(a, 0), 1, small) / (1 + small)


def softplus(a: Any) -> Any:
    """log(1 + exp(a))."""
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))


def relu(a: Any) -> Any:
    """max(a, 0)."""
    return np.maximum(a, 0)


def clamp(a: Any, low: Any, high: Any) -> Any:
    """`a` limited to [low, high]."""
    return np.minimum(np.maximum(a, low), high)


def surrogate(value: Any, argument: Any, slope: Any) -> Any:
    """`value`; its derivative by `argument` is taken for `slope`."""
    return np.broadcast_arrays(value, argument, slope)[0].astype(np.result_type(value, argument, slope))


def _truth(holds: Any, *operands: Any) -> Any:
    """1 where `holds`, else 0, in the dtype that arithmetic with `operands` gives."""
    return holds.astype(np.result_type(*operands, np.float32))
