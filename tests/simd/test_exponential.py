"""exp, tanh and sigmoid on vectors: special values here, their error in test_ulp.py."""

import numpy as np
import pytest
from numba import njit

from rnncc.runtime.simd import exp, lanes, load, sigmoid, store, tanh


@njit(error_model="numpy")
def apply_all(x, y):
    for u in range(0, x.size, lanes(x)):
        store(exp(load(x, u)), y, 0, u)
        store(tanh(load(x, u)), y, 1, u)
        store(sigmoid(load(x, u)), y, 2, u)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_special_values(dtype):
    x = np.zeros(16, dtype)
    x[:6] = [0.0, -0.0, np.inf, -np.inf, np.nan, 1000.0]
    y = np.empty((3, 16), dtype)
    apply_all(x, y)
    np.testing.assert_array_equal(y[0, :6], [1, 1, np.inf, 0, np.nan, np.inf])
    np.testing.assert_array_equal(y[1, :6], [0, 0, 1, -1, np.nan, 1])
    np.testing.assert_array_equal(y[2, :6], [0.5, 0.5, 1, 0, np.nan, 1])
    assert np.signbit(y[1, 1])
