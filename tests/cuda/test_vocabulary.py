"""The vocabulary on a device: every name is there, means what the host's does outside a kernel, and stays in its dtype."""

import numpy as np
import pytest

from rnncc.functions import VOCABULARY
from rnncc.runtime import host
from rnncc.runtime.cuda import assemble, vocabulary
from rnncc.runtime.cuda.compiled import kernel
from rnncc.runtime.cuda.places import grid_threads
from rnncc.runtime.cuda.vocabulary import (
    Abs,
    Max,
    Min,
    Mod,
    ahead,
    clamp,
    cos,
    equal,
    erf,
    exp,
    floor,
    inside,
    log,
    relu,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    step,
    surrogate,
    tanh,
    where,
)  # fmt: skip
from tests.cuda.ptx.launch import emulated


@kernel
def functions(x, y):
    """All but sin and cos, whose float32 arguments are reduced in float64."""
    number, threads = grid_threads()
    for i in range(number, len(x), threads):
        a = x[i]
        y[0, i] = exp(a) + tanh(a) + sigmoid(a) + log(a) + softplus(a) + erf(a) + sqrt(a)
        y[1, i] = floor(a) + Mod(a, 0.5) + relu(a) + Abs(a) + Max(a, 0.5) + Min(a, 0.5) + clamp(a, -1.0, 1.0)
        y[2, i] = step(a) + sign(a) + equal(a, 0.5) + ahead(a, 0.5) + inside(a, -1.0, 1.0) + surrogate(a, 1.0 - a, 2.0)
        y[3, i] = where((a > 0.5) & (not a < 0.25), a / 3.0, 1.0)


@kernel
def each(x, y):
    """Every function by itself."""
    number, threads = grid_threads()
    for i in range(number, len(x), threads):
        a = x[i]
        y[0, i], y[1, i], y[2, i], y[3, i], y[4, i], y[5, i], y[6, i] = exp(a), tanh(a), sigmoid(a), softplus(a), erf(a), sin(a), cos(a)
        y[7, i], y[8, i], y[9, i], y[10, i], y[11, i], y[12, i], y[13, i] = log(a), sqrt(a), floor(a), relu(a), Abs(a), step(a), sign(a)
        y[14, i], y[15, i], y[16, i], y[17, i], y[18, i] = Mod(a, 0.75), Max(a, 0.5), Min(a, 0.5), equal(a, 0.5), ahead(a, 0.5)
        y[19, i], y[20, i], y[21, i] = clamp(a, -1.0, 1.0), inside(a, -1.0, 1.0), surrogate(a, 1.0 - a, 2.0)
        y[22, i] = where(a > 0.5, a, 1.0)


def test_the_whole_vocabulary_is_there():
    assert {*VOCABULARY, "where"} == set(vocabulary.__all__)


def test_outside_a_kernel_it_is_that_of_the_host():
    x = np.linspace(-2, 2, 9, dtype=np.float32)
    np.testing.assert_array_equal(sigmoid(x), host.sigmoid(x))
    np.testing.assert_array_equal(where(x > 0, x, 0), host.where(x > 0, x, 0))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_number_keeps_its_dtype(dtype):
    pytest.importorskip("numba_cuda", reason="numba-cuda is not installed: pip install .[cuda]")
    code = assemble.ptx(functions, dtype, (np.zeros(4, dtype), np.zeros((4, 4), dtype)))
    assert (".f64" in code) == (dtype == "float64")
    assert "call" not in code
    assert assemble.assembled(code, "sm_90").stack == 0


def expected_of_each(x):
    """What `each` makes of float64 numbers, by the host."""
    names = ("exp", "tanh", "sigmoid", "softplus", "erf", "sin", "cos", "log", "sqrt", "floor", "relu", "Abs", "step", "sign")
    one = [getattr(host, name)(x) for name in names]
    two = [host.Mod(x, 0.75), host.Max(x, 0.5), host.Min(x, 0.5), host.equal(x, 0.5), host.ahead(x, 0.5)]
    three = [host.clamp(x, -1.0, 1.0), host.inside(x, -1.0, 1.0), host.surrogate(x, 1.0 - x, 2.0), host.where(x > 0.5, x, 1.0)]
    return np.stack([*one, *two, *three])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_as_a_device_computes_it(dtype):
    """By its PTX, of ordinary numbers, huge and tiny ones, and what is none: 3 ULP at most, and one of the host's own."""
    pytest.importorskip("numba_cuda", reason="numba-cuda is not installed: pip install .[cuda]")
    special = [0.0, -0.0, 0.5, 1.0, -1.0, 0.75, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 60.0, -60.0, 88.7, -104.0]
    x = np.array([*special, *np.linspace(-9, 9, 200), *np.geomspace(1e-6, 1e3, 40)], dtype)
    with np.errstate(all="ignore"):
        expected = expected_of_each(x.astype(np.float64)).astype(dtype)
        y = np.full_like(expected, np.nan)
        emulated(each, dtype, 1, 0, x, y)
        units = np.abs(y - expected) / np.spacing(np.maximum(np.abs(expected), np.finfo(dtype).tiny))
    same = (y == expected) | (np.isnan(y) & np.isnan(expected))
    assert np.where(same, 0, units)[:9].max() <= 4
    assert same[9:].all()
