"""Every name of the vocabulary has its vector function; those that choose lanes give what PyTorch gives."""

import numpy as np
import pytest
from numba import njit

from rnncc.functions import VOCABULARY
from rnncc.runtime import simd
from rnncc.runtime.simd import load, store
from tests.simd.ulp import applied

DTYPES = [np.float32, np.float64]
VALUES = [-np.inf, -1.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, np.inf, np.nan]
PAIRS = np.array([(a, b) for a in VALUES for b in VALUES]).T


def binary(function, a, b):
    @njit(error_model="numpy")
    def kernel(a, b, y):
        for u in range(0, a.size, simd.lanes(a)):
            store(function(load(a, u), load(b, u)), y, u)

    padding = -a.size % 64
    a, b = (np.pad(x, (0, padding)) for x in (a, b))
    y = np.zeros_like(a)
    kernel(a, b, y)
    return y[: y.size - padding]


def test_the_whole_vocabulary_is_there():
    assert set(VOCABULARY) <= set(simd.__all__)


def ahead(a, b):
    return np.where(a > b, 1, np.where(a == b, 0.5, 0))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("relu", lambda x: np.maximum(x, 0)),
        ("Abs", np.abs),
        ("floor", np.floor),
        ("step", lambda x: x > 0),
        ("sign", lambda x: np.nan_to_num(np.sign(x), nan=0)),
    ],
)
def test_of_one_argument(name, expected, dtype):
    x = np.array(VALUES, dtype)
    np.testing.assert_array_equal(applied(getattr(simd, name), x), expected(x).astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "expected"), [("Max", np.maximum), ("Min", np.minimum), ("equal", np.equal), ("ahead", ahead)])
def test_of_two_arguments(name, expected, dtype):
    a, b = PAIRS.astype(dtype)
    np.testing.assert_array_equal(binary(getattr(simd, name), a, b), expected(a, b).astype(dtype))


def quotients(dtype):
    """Pairs (a, b) with |a / b| < 2**(digits): of all magnitudes, whole multiples, and their neighbours."""
    rng, digits = np.random.default_rng(0), np.finfo(dtype).nmant + 1
    b = rng.choice([-1, 1], 60_000) * 2.0 ** rng.uniform(-20, 20, 60_000)
    quotient = rng.choice([-1, 1], b.size) * 2.0 ** rng.uniform(-digits, digits - 1, b.size)
    b = b.astype(dtype)
    loose, whole = (quotient * b).astype(dtype), (np.rint(quotient) * b).astype(dtype)
    around = [np.nextafter(whole, dtype(end)) for end in (-np.inf, np.inf)]
    return np.concatenate([loose, whole, *around]), np.tile(b, 4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_remainder_is_that_of_numpy(dtype):
    a, b = quotients(dtype)
    np.testing.assert_array_equal(binary(simd.Mod, a, b), np.mod(a, b))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_remainder_of_special_values(dtype):
    a, b = PAIRS.astype(dtype)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(binary(simd.Mod, a, b), np.mod(a, b))
    huge = np.array([2.0 ** (np.finfo(dtype).nmant + 1)], dtype)
    assert np.isnan(binary(simd.Mod, huge, np.ones(1, dtype)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_of_three_arguments_with_numbers_for_bounds(dtype):
    @njit(error_model="numpy")
    def kernel(x, y):
        for u in range(0, x.size, simd.lanes(x)):
            store(simd.clamp(load(x, u), -1, 0.5), y, 0, u)
            store(simd.inside(load(x, u), -1, 0.5), y, 1, u)

    x = np.pad(np.array(VALUES, dtype), (0, 64 - len(VALUES)))
    y = np.zeros((2, 64), dtype)
    kernel(x, y)
    np.testing.assert_array_equal(y[0], np.clip(x, -1, 0.5))
    np.testing.assert_array_equal(y[1], ((x >= -1) & (x <= 0.5)).astype(dtype))


@pytest.mark.parametrize("name", ["Max", "Min"])
def test_a_number_beside_a_vector_keeps_its_dtype(name):
    function = getattr(simd, name)

    @njit(error_model="numpy")
    def kernel(x, y):
        store(function(load(x, 0), 0.1), y, 0, 0)
        store(function(0.1, load(x, 0)), y, 1, 0)

    x = np.zeros(16, np.float32)
    y = np.zeros((2, 16), np.float32)
    kernel(x, y)
    expected = getattr(np, f"{name.lower()}imum")(np.float32(0.1), np.float32(0))
    np.testing.assert_array_equal(y[:, :4], expected)
