"""Blocks of a matrix turned on the way to another array."""

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from rnncc.runtime.simd import lanes_of
from rnncc.runtime.simd.turn import turn


@njit(error_model="numpy")
def turned(a, row, column, y, page, line, unit):
    turn(a, row, column, y, page, line, unit)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("view", [lambda a: a, lambda a: a[::2], lambda a: a[::-1]])
def test_a_block_and_nothing_else(dtype, view):
    width = lanes_of(dtype)
    a = view(np.random.default_rng(0).standard_normal((5 * width, 3 * width)).astype(dtype))
    y = np.zeros((3, width + 5, 2 * width + 3), dtype)
    turned(a, 1, 2, y, 1, 3, 4)
    expected = np.zeros_like(y)
    expected[1, 3 : 3 + width, 4 : 4 + width] = a[1 : 1 + width, 2 : 2 + width].T
    np.testing.assert_array_equal(y, expected)


def test_of_one_dtype():
    with pytest.raises(TypingError):
        turned(np.zeros((9, 9), np.float32), 0, 0, np.zeros((1, 9, 9)), 0, 0, 0)
