"""The vocabulary on NumPy arrays and numbers, for what a cell computes outside its loop; float32 stays float32."""

import math
from typing import Any

import numpy as np
from numpy import cos, exp, log, sin, sqrt, tanh, where

__all__ = [
    "Abs", "Max", "Min", "ahead", "clamp", "cos", "equal", "erf", "exp", "inside", "log",
    "relu", "sigmoid", "sign", "sin", "softplus", "sqrt", "step", "tanh", "where",
]  # fmt: skip

Abs, Max, Min, sign = np.abs, np.maximum, np.minimum, np.sign


def erf(a: Any) -> Any:
    """The error function, in float64."""
    return np.vectorize(math.erf, otypes=[np.float64])(a).astype(np.asarray(a).dtype)


def step(a: Any) -> Any:
    """1 where a > 0, else 0."""
    return np.heaviside(a, 0)


def equal(a: Any, b: Any) -> Any:
    """1 where a = b, else 0."""
    return (np.asarray(a) == b).astype(np.result_type(a, b))


def ahead(a: Any, b: Any) -> Any:
    """1 where a > b, 1/2 where a = b, else 0."""
    return np.heaviside(np.subtract(a, b), 0.5)


def inside(a: Any, low: Any, high: Any) -> Any:
    """1 where low <= a <= high, else 0."""
    return ((low <= np.asarray(a)) & (np.asarray(a) <= high)).astype(np.asarray(a).dtype)


def sigmoid(a: Any) -> Any:
    """1 / (1 + exp(-a)); both branches share exp(-|a|), which lies in (0, 1]."""
    small = np.exp(-np.abs(a))
    return np.where(np.asarray(a) >= 0, 1, small) / (1 + small)


def softplus(a: Any) -> Any:
    """log(1 + exp(a))."""
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))


def relu(a: Any) -> Any:
    """max(a, 0); NaN stays."""
    return np.maximum(a, 0)


def clamp(a: Any, low: Any, high: Any) -> Any:
    """`a` limited to [low, high]; NaN stays."""
    return np.minimum(np.maximum(a, low), high)
