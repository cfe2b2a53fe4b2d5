"""exp, tanh and sigmoid where they are special; their error is in test_ulp.py."""

import numpy as np
import pytest

from rnncc.runtime.simd import exp, sigmoid, tanh
from tests.simd.ulp import applied

DTYPES = [np.float32, np.float64]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("function", "expected"),
    [(exp, [1, 1, np.inf, 0, np.nan, np.inf, 0]), (tanh, [0, -0.0, 1, -1, np.nan, 1, -1]), (sigmoid, [0.5, 0.5, 1, 0, np.nan, 1, 0])],
    ids=["exp", "tanh", "sigmoid"],
)
def test_special_values(function, expected, dtype):
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e9, -1e9], dtype)
    y = applied(function, x)
    np.testing.assert_array_equal(y, np.array(expected, dtype))
    np.testing.assert_array_equal(np.signbit(y)[[0, 1]], np.signbit(expected)[[0, 1]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_of_a_tiny_number_is_that_number(dtype):
    tiny = np.finfo(dtype).smallest_subnormal * np.array([1, -1, 3, 1000], dtype)
    np.testing.assert_array_equal(applied(tanh, tiny), tiny)


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_and_sigmoid_stay_in_their_range(dtype):
    x = np.linspace(-50, 50, 100_001).astype(dtype)
    assert np.max(np.abs(applied(tanh, x))) == 1
    assert np.max(applied(sigmoid, x)) == 1
    assert np.min(applied(sigmoid, x)) >= 0
