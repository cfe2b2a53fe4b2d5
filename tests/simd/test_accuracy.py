"""The other functions of the vocabulary against wider floats, each within the bound its docstring states."""

import math

import mpmath
import numpy as np
import pytest

from rnncc.runtime.simd import cos, erf, log, sin, softplus, sqrt
from tests.simd.ulp import all_exponents, applied, around, largest_error, ulp_errors

DTYPES = [np.float32, np.float64]


def spread(dtype):
    """Every exponent, and densely where most arguments lie."""
    dense = np.linspace(-30, 30, 300_001).astype(dtype)
    return np.concatenate([all_exponents(dtype, 300_000), dense, around([1 / 3, 0.41421356, 2 / 3, 0.70710678, 1.0], dtype)])


def wide_softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_log(dtype):
    x = spread(dtype)
    assert largest_error(applied(log, x), np.log, x) <= 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_softplus(dtype):
    x = spread(dtype)
    assert largest_error(applied(softplus, x), wide_softplus, x) <= 3


@pytest.mark.parametrize("dtype", DTYPES)
def test_sqrt_is_correctly_rounded(dtype):
    x = spread(dtype)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(applied(sqrt, x), np.sqrt(x))


def turns(dtype):
    """Arguments up to 2**38, many of them next to multiples of pi/2, where the reduction loses its digits first."""
    log_uniform = 2.0 ** np.linspace(-40, 38, 300_001)
    multiples = np.concatenate([np.arange(1, 100_000), np.unique(np.geomspace(1e5, 1.7e11, 100_000).astype(np.int64))]) * (np.pi / 2)
    near = np.concatenate([np.nextafter(multiples, 0), multiples, np.nextafter(multiples, np.inf)])
    x = np.concatenate([log_uniform, near]).astype(dtype)
    return np.concatenate([x, -x])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("function", "exact"), [(sin, np.sin), (cos, np.cos)], ids=["sin", "cos"])
def test_sin_and_cos(function, exact, dtype):
    x = turns(dtype)
    bound = 2 if dtype == np.float32 else 3
    assert largest_error(applied(function, x), exact, x) <= bound


@pytest.mark.parametrize("dtype", DTYPES)
def test_sin_and_cos_beyond_their_range_are_nan(dtype):
    x = np.array([2.0**38, np.nextafter(dtype(2.0**38), dtype(np.inf)), -1e30, np.inf, -np.inf, np.nan], dtype)
    for function in (sin, cos):
        np.testing.assert_array_equal(np.isnan(applied(function, x)), [False, True, True, True, True, True])


def nearest_to_quarter_turns(bits, exponents):
    """For each exponent e the m < 2**bits for which m 2**e comes nearest to a multiple of pi/2: a convergent's numerator (Kahan)."""
    for e in exponents:
        rest = mpmath.pi / 2 * mpmath.mpf(2) ** -e
        before, m = 0, 1
        while True:
            term = int(mpmath.floor(rest))
            before, m, last = m, term * m + before, m
            if m >= 2**bits:
                break
            rest = 1 / (rest - term)
        yield float(last) * 2.0**e


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", [sin, cos], ids=["sin", "cos"])
def test_the_worst_cases_of_argument_reduction(function, dtype):
    bits = np.finfo(dtype).nmant + 1
    with mpmath.workdps(80):
        x = np.array(list(nearest_to_quarter_turns(bits, range(-bits, 38 - bits))), dtype)
        exact = [getattr(mpmath, function.__name__)(mpmath.mpf(v)) for v in x.tolist()]
        errors = [abs(mpmath.mpf(y) - e) for y, e in zip(applied(function, x).tolist(), exact, strict=True)]
        units = [np.spacing(abs(dtype(float(e)))) for e in exact]
        assert min(abs(e) for e in exact) < 2.0 ** (-bits - 3)
        assert max(error / float(unit) for error, unit in zip(errors, units, strict=True)) <= 3


def test_erf_float32():
    x = np.concatenate([np.linspace(-5, 5, 300_001).astype(np.float32), around([0.925, 3.92, 4.0], np.float32)])
    x = np.concatenate([x, np.geomspace(1e-45, 1, 10_000).astype(np.float32)])
    assert largest_error(applied(erf, x), np.vectorize(math.erf), x) <= 2


def test_erf_float64():
    x = np.concatenate([np.linspace(-6.5, 6.5, 4001), around([1.0, 5.9, 6.0], np.float64, 20), np.geomspace(5e-324, 1, 300)])
    with mpmath.workdps(40):
        exact = np.array([np.longdouble(mpmath.nstr(mpmath.erf(mpmath.mpf(v)), 25)) for v in x.tolist()])
    assert np.max(ulp_errors(applied(erf, x), exact)) <= 2
