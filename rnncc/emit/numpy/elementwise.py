"""The vocabulary in NumPy, by name; NaN propagates, large arguments never overflow on the way to a finite result."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def _step(a: Array) -> Array:
    return np.where(a > 0, 1.0, 0.0)


def _equal(a: Array, b: Array) -> Array:
    return np.where(a == b, 1.0, 0.0)


def _ahead(a: Array, b: Array) -> Array:
    return np.where(a > b, 1.0, np.where(a == b, 0.5, 0.0))


def _inside(a: Array, low: Array, high: Array) -> Array:
    return np.where((low <= a) & (a <= high), 1.0, 0.0)


def _sigmoid(a: Array) -> Array:
    """Both branches share exp(-|a|), which lies in (0, 1]."""
    small = np.exp(-np.abs(a))
    return np.where(a >= 0, 1.0, small) / (1.0 + small)


def _clamp(a: Array, low: Array, high: Array) -> Array:
    return np.minimum(np.maximum(a, low), high)


def _relu(a: Array) -> Array:
    return np.maximum(a, 0.0)


def _softplus(a: Array) -> Array:
    return np.maximum(a, 0.0) + np.log1p(np.exp(-np.abs(a)))


ELEMENTWISE: dict[str, Callable[..., Array]] = {
    "step": _step,
    "sign": np.sign,
    "equal": _equal,
    "ahead": _ahead,
    "inside": _inside,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": _relu,
    "softplus": _softplus,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "erf": _erf,
    "Abs": np.abs,
    "Max": np.maximum,
    "Min": np.minimum,
    "clamp": _clamp,
}
"""Name in `rnncc.functions.VOCABULARY` -> its meaning on float64 arrays that broadcast."""
