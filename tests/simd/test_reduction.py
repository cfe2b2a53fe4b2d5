"""Sums and maxima of the first lanes; padding never enters."""

import numpy as np
import pytest
from numba import njit

from rnncc.runtime.simd import first_lanes, lanes_of, load, max_lanes, store, sum_lanes

DTYPES = [np.float32, np.float64]


@njit(error_model="numpy")
def summed(a, count):
    return sum_lanes(load(a, 0), count)


@njit(error_model="numpy")
def largest(a, count):
    return max_lanes(load(a, 0), count)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_first_lanes_alone_count(dtype):
    lanes = lanes_of(dtype)
    for count in range(1, lanes + 1):
        a = np.full(lanes, np.nan, dtype)
        a[:count] = -np.arange(1, count + 1)
        assert summed(a, count) == -count * (count + 1) / 2
        assert largest(a, count) == -1


@njit(error_model="numpy")
def limited(a, count):
    store(first_lanes(load(a, 0), count, -np.inf), a, 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_other_lanes_hold_the_neutral_number(dtype):
    lanes = lanes_of(dtype)
    for count in (0, 1, lanes - 1, lanes, lanes + 3):
        a = np.arange(lanes).astype(dtype)
        a[count:] = np.nan
        limited(a, count)
        assert a[:count].tolist() == list(range(min(count, lanes)))
        assert np.all(a[count:] == -np.inf)


@pytest.mark.parametrize("dtype", DTYPES)
def test_of_no_lane(dtype):
    a = np.full(lanes_of(dtype), np.nan, dtype)
    assert summed(a, 0) == 0
    assert largest(a, 0) == -np.inf


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_among_them_is_the_result(dtype):
    lanes = lanes_of(dtype)
    for position in range(lanes):
        a = np.ones(lanes, dtype)
        a[position] = np.nan
        assert np.isnan(largest(a, lanes))
        assert np.isnan(summed(a, lanes))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_sum_folds_halves(dtype):
    """In the vector's dtype, upper half onto lower half: the order that makes results repeatable."""
    a = np.random.default_rng(5).standard_normal(lanes_of(dtype)).astype(dtype)
    total = summed(a, a.size)
    while a.size > 1:
        a = a[: a.size // 2] + a[a.size // 2 :]
    assert total == a[0]
