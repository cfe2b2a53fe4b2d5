"""Errors in units in the last place, and kernels that apply one function."""

import numpy as np
import pytest
from numba import njit

from rnncc.runtime.simd import lanes, load, store


def elementwise(function):
    """A kernel `(x, y)` that writes `function` of each element of `x` to `y`; both hold a multiple of 64 elements."""

    @njit(error_model="numpy")
    def kernel(x, y):
        for u in range(0, x.size, lanes(x)):
            store(function(load(x, u)), y, u)

    return kernel


def applied(function, x):
    """`function` of each element of `x`, of any size."""
    padded = np.zeros(-(-x.size // 64) * 64, x.dtype)
    padded[: x.size] = x
    result = np.empty_like(padded)
    elementwise(function)(padded, result)
    return result[: x.size]


def ulp_errors(result, exact):
    """|result - exact| in units of the last place of `exact` rounded to the dtype of `result`.

    `exact` is of a wider dtype. Where it or what it rounds to is not finite, `result` has to be the same, or the error is infinite.
    """
    rounded = exact.astype(result.dtype)
    error = np.abs(result.astype(exact.dtype) - exact) / np.spacing(np.abs(rounded)).astype(exact.dtype)
    same = (result == rounded) | (np.isnan(result) & np.isnan(exact))
    return np.where(np.isfinite(rounded), error, np.where(same, 0.0, np.inf))


WIDER = {"float32": np.float64, "float64": np.longdouble}


def largest_error(result, exact, x):
    """The largest error of `result` against the function `exact` of `x` in a wider dtype; NaN where `result` alone is NaN."""
    if x.dtype == np.float64 and np.finfo(np.longdouble).nmant <= 52:
        pytest.skip("long double is no wider than float64 here")
    # Signalling NaN, overflow and logarithms of negative numbers are among the arguments.
    with np.errstate(all="ignore"):
        return float(np.max(ulp_errors(result, exact(x.astype(WIDER[x.dtype.name])))))


def around(values, dtype, neighbours=2048):
    """Every float within `neighbours` steps of each of `values` and of its negative."""
    integer = np.int32 if dtype == np.float32 else np.int64
    middle = np.array(values, dtype).view(integer)
    positive = (middle[:, None] + np.arange(-neighbours, neighbours + 1, dtype=integer)).ravel().view(dtype)
    return np.concatenate([positive, -positive])


def all_exponents(dtype, count):
    """About `count` floats evenly spread over the bit patterns: every exponent, both signs, infinities and NaN."""
    bits = 8 * np.dtype(dtype).itemsize
    unsigned = np.dtype(f"u{bits // 8}")
    stride = (2**bits // count) | 1
    return (np.arange(count, dtype=unsigned) * unsigned.type(stride)).view(dtype)
