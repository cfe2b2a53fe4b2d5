"""The vocabulary on NumPy arrays: values, dtypes, NaN and large arguments."""

import math

import numpy as np
import pytest

from rnncc.functions import VOCABULARY
from rnncc.runtime import host

POINTS = np.array([-800.0, -2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.5, 800.0])
PIECEWISE_CONSTANT = {"step", "sign", "equal", "ahead", "inside"}
EXPECTED = {
    "step": lambda a: float(a > 0),
    "sign": lambda a: float((a > 0) - (a < 0)),
    "equal": lambda a, b: float(a == b),
    "ahead": lambda a, b: 1.0 if a > b else 0.5 if a == b else 0.0,
    "inside": lambda a, low, high: float(low <= a <= high),
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)) if a > -700 else math.exp(a),
    "tanh": math.tanh,
    "relu": lambda a: max(a, 0.0),
    "softplus": lambda a: a if a > 700 else math.log1p(math.exp(a)),
    "exp": lambda a: math.exp(a) if a < 700 else math.inf,
    "log": lambda a: math.log(a) if a > 0 else -math.inf if a == 0 else math.nan,
    "sqrt": lambda a: math.sqrt(a) if a >= 0 else math.nan,
    "sin": math.sin,
    "cos": math.cos,
    "erf": math.erf,
    "floor": math.floor,
    "Mod": lambda a, b: a % b if b else math.nan,
    "Abs": abs,
    "Max": max,
    "Min": min,
    "surrogate": lambda value, argument, slope: value,
    "clamp": lambda a, low, high: min(max(a, low), high),
}


def grid(name):
    """Every combination of `POINTS` for the arguments of a function."""
    (arguments,) = VOCABULARY[name].nargs
    return [g.ravel() for g in np.meshgrid(*[POINTS] * arguments)]


def test_every_function_has_its_meaning_here():
    assert EXPECTED.keys() == VOCABULARY.keys() == set(host.__all__) - {"where", "full", "iota"}


@pytest.mark.parametrize("name", VOCABULARY)
def test_values(name):
    arguments = grid(name)
    with np.errstate(all="ignore"):
        found = getattr(host, name)(*arguments)
    expected = [EXPECTED[name](*map(float, given)) for given in zip(*arguments, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-15, atol=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", VOCABULARY)
def test_the_dtype_stays(name, dtype):
    first, *others = (g.astype(dtype) for g in grid(name))
    with np.errstate(all="ignore"):
        assert getattr(host, name)(first, *others).dtype == dtype
        assert getattr(host, name)(first, *[0.5 for _ in others]).dtype == dtype


@pytest.mark.parametrize("name", VOCABULARY)
def test_nan(name):
    (arguments,) = VOCABULARY[name].nargs
    found = getattr(host, name)(np.array([np.nan]), *[1.0] * (arguments - 1))
    assert found[0] == 0 if name in PIECEWISE_CONSTANT else np.isnan(found[0])


@pytest.mark.parametrize("name", VOCABULARY)
def test_numbers_without_axes(name):
    (arguments,) = VOCABULARY[name].nargs
    assert np.shape(getattr(host, name)(*[0.5] * arguments)) == ()
