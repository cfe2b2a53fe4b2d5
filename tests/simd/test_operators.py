"""Operators on vectors: NumPy's results, in the vector's dtype whatever stands beside it."""

import operator

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from rnncc.runtime.simd import lanes_of, load, store, where

DTYPES = [np.float32, np.float64]
ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv]


def pair(dtype):
    """Two arrays of 16, with ties, zeros and NaN."""
    rng = np.random.default_rng(7)
    a, b = rng.standard_normal((2, 16)).astype(dtype)
    b[:4] = a[:4]
    a[3] = b[5] = np.nan
    return a, b


@njit(error_model="numpy")
def arithmetic(a, b, number, y):
    x, z = load(a, 0), load(b, 0)
    store(x + z, y, 0, 0, 0)
    store(x + number, y, 0, 1, 0)
    store(number + x, y, 0, 2, 0)
    store(x - z, y, 1, 0, 0)
    store(x - number, y, 1, 1, 0)
    store(number - x, y, 1, 2, 0)
    store(x * z, y, 2, 0, 0)
    store(x * number, y, 2, 1, 0)
    store(number * x, y, 2, 2, 0)
    store(x / z, y, 3, 0, 0)
    store(x / number, y, 3, 1, 0)
    store(number / x, y, 3, 2, 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", [3, 0.1, np.float32(0.1), np.int32(-2)], ids=lambda n: type(n).__name__)
def test_arithmetic(number, dtype):
    a, b = pair(dtype)
    y = np.zeros((4, 3, 16), dtype)
    arithmetic(a, b, number, y)
    n = dtype(number)
    expected = np.array([[f(a, b), f(a, n), f(n, a)] for f in ARITHMETIC])
    assert_first_lanes_equal(y, expected)


def assert_first_lanes_equal(result, expected):
    """Of one vector of the last axis."""
    lanes = lanes_of(result.dtype)
    np.testing.assert_array_equal(result[..., :lanes], expected[..., :lanes].astype(result.dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_literals_keep_the_dtype(dtype):
    """`0.1` is rounded to the vector's dtype first, as NumPy rounds it: a float64 intermediate would give other bits."""

    @njit(error_model="numpy")
    def kernel(a, y):
        z = load(a, 0)
        store((1.0 - z) * 0.1 / 3, y, 0)

    a = np.linspace(0.1, 0.9, 16).astype(dtype)
    y = np.zeros_like(a)
    kernel(a, y)
    assert_first_lanes_equal(y, (dtype(1) - a) * dtype(0.1) / dtype(3))


@pytest.mark.parametrize("dtype", DTYPES)
def test_comparisons_choose_lanes(dtype):
    @njit(error_model="numpy")
    def kernel(a, b, number, y):
        x, z = load(a, 0), load(b, 0)
        store(where(x < z, x, -1.0), y, 0, 0)
        store(where(x <= z, x, -1.0), y, 1, 0)
        store(where(x > 0, 2, z), y, 2, 0)
        store(where(x >= z, 1, 0.25), y, 3, 0)
        store(where(x == z, z, 0), y, 4, 0)
        store(where(number != x, x, z), y, 5, 0)

    a, b = pair(dtype)
    y = np.zeros((6, 16), dtype)
    kernel(a, b, 0.5, y)
    chosen = [(a < b, a, -1), (a <= b, a, -1), (a > 0, 2, b), (a >= b, 1, 0.25), (a == b, b, 0), (a != 0.5, a, b)]
    assert_first_lanes_equal(y, np.array([np.where(*choice) for choice in chosen]))


def test_masks_combine():
    @njit(error_model="numpy")
    def kernel(a, b, y):
        x, z = load(a, 0), load(b, 0)
        store(where((x > 0) & (z > 0), 1.0, 0.0), y, 0, 0)
        store(where((x > 0) | (z > 0), 1.0, 0.0), y, 1, 0)
        store(where(~(x > 0), 1.0, 0.0), y, 2, 0)

    a, b = pair(np.float32)
    y = np.zeros((3, 16), np.float32)
    kernel(a, b, y)
    assert_first_lanes_equal(y, np.stack([(a > 0) & (b > 0), (a > 0) | (b > 0), ~(a > 0)]))


def test_negation_and_in_place_operators():
    @njit(error_model="numpy")
    def kernel(a, y):
        total = -load(a, 0)
        for _ in range(3):
            total += load(a, 0)
        total *= 2
        total -= 1
        total /= 4.0
        store(total, y, 0)

    a = np.arange(16, dtype=np.float32)
    y = np.zeros_like(a)
    kernel(a, y)
    assert_first_lanes_equal(y, (4 * a - 1) / 4)


def test_nothing_is_reassociated():
    @njit(error_model="numpy")
    def kernel(a, y):
        x = load(a, 0)
        store((x + 1e8) - 1e8, y, 0, 0)
        store(x / 3.0 * 3.0, y, 1, 0)
        store((x - x) * 0.0, y, 2, 0)

    a = np.linspace(1, 7, 16).astype(np.float32)
    a[0] = np.inf
    y = np.zeros((3, 16), np.float32)
    kernel(a, y)
    with np.errstate(invalid="ignore"):
        assert_first_lanes_equal(y, np.stack([(a + np.float32(1e8)) - np.float32(1e8), a / np.float32(3) * np.float32(3), (a - a) * 0]))


def test_two_dtypes_do_not_mix():
    @njit(error_model="numpy")
    def kernel(a, b):
        store(load(a, 0) + load(b, 0), a, 0)

    with pytest.raises(TypingError, match="No implementation of function"):
        kernel(np.zeros(16, np.float32), np.zeros(16, np.float64))


def test_a_vector_is_no_truth_value():
    @njit(error_model="numpy")
    def kernel(a):
        if load(a, 0) > 0:
            a[0] = 1

    with pytest.raises(TypingError):
        kernel(np.zeros(16, np.float32))
