"""Loads and stores through any strides of the leading axes."""

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from rnncc.runtime.simd import add_at, fill, lanes, lanes_of, load, splat_at, store

DTYPES = [np.float32, np.float64]


@njit(error_model="numpy")
def copied(a, y):
    for t in range(a.shape[0]):
        for row in range(a.shape[1]):
            for unit in range(0, a.shape[2], lanes(a)):
                store(load(a, t, row, unit), y, t, row, unit)


def views(dtype):
    """Arrays of (3, 5, 32) whose last axis alone has unit stride, and one that is contiguous."""
    base = np.random.default_rng(3).standard_normal((6, 10, 64)).astype(dtype)
    yield np.ascontiguousarray(base[:3, :5, :32])
    yield base[::2, ::2, :32]
    yield base[:3, :5, 7:39]
    yield base[2::-1, 4::-1, :32]
    yield base[:5, :3, :32].transpose(1, 0, 2)
    yield np.broadcast_to(base[0, 0, :32], (3, 5, 32))


@pytest.mark.parametrize("dtype", DTYPES)
def test_loads_through_strides(dtype):
    for view in views(dtype):
        y = np.zeros(view.shape, dtype)
        copied(view, y)
        np.testing.assert_array_equal(y, view)


@pytest.mark.parametrize("dtype", DTYPES)
def test_stores_through_strides_touch_nothing_else(dtype):
    a = np.ones((3, 5, 32), dtype)
    base = np.zeros((6, 10, 64), dtype)
    copied(a, base[::2, ::2, 9:41])
    assert base.sum() == a.size
    np.testing.assert_array_equal(base[::2, ::2, 9:41], a)


@pytest.mark.parametrize("dtype", DTYPES)
def test_splat_fill_and_stored_numbers(dtype):
    @njit(error_model="numpy")
    def kernel(a, number, y):
        store(splat_at(a, 1, 2), y, 0, 0)
        store(fill(a, number), y, 1, 0)
        store(0.1, y, 2, 0)

    a = np.arange(12, dtype=dtype).reshape(3, 4)
    y = np.full((4, 17), -1, dtype)
    kernel(a, 0.3, y)
    count = lanes_of(dtype)
    np.testing.assert_array_equal(y[:3, :count], np.repeat([[6], [dtype(0.3)], [dtype(0.1)]], count, axis=1).astype(dtype))
    np.testing.assert_array_equal(y[:3, count:], -1)
    np.testing.assert_array_equal(y[3], -1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_add_at_touches_nothing_else(dtype):
    @njit(error_model="numpy")
    def kernel(a, y):
        add_at(load(a, 1, 0), y, 2, 3)
        add_at(0.5, y, 2, 3)

    count = lanes_of(dtype)
    a, y = np.arange(2 * count, dtype=dtype).reshape(2, count), np.full((4, 24), 7, dtype)
    kernel(a, y)
    np.testing.assert_array_equal(y[2, 3 : 3 + count], a[1] + 7.5)
    y[2, 3 : 3 + count] = 7
    np.testing.assert_array_equal(y, 7)


@pytest.mark.parametrize("dtype", DTYPES)
def test_lanes_is_the_width_of_a_vector(dtype):
    @njit(error_model="numpy")
    def kernel(a):
        return lanes(a)

    assert kernel(np.zeros(1, dtype)) == lanes_of(dtype)


@njit(error_model="numpy")
def read_first(a):
    store(load(a, 0), np.zeros(16, np.float32), 0)


@njit(error_model="numpy")
def write_first(a):
    store(1.0, a, 0)


@pytest.mark.parametrize("wrong", [np.zeros(16, np.int32), np.zeros(16, np.float16), np.zeros((4, 4), np.float32)])
def test_only_floats_with_an_index_for_each_axis(wrong):
    with pytest.raises(TypingError):
        read_first(wrong)


def test_a_read_only_array_is_not_written():
    a = np.zeros(16, np.float32)
    a.flags.writeable = False
    with pytest.raises(TypingError):
        write_first(a)


def test_outside_a_kernel_a_call_says_where_it_belongs():
    with pytest.raises(TypeError, match="load can be called from compiled kernels only"):
        load(np.zeros(16, np.float32), 0)
