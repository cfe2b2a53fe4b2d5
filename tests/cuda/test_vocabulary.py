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
    equal,
    erf,
    exp,
    floor,
    inside,
    log,
    relu,
    sigmoid,
    sign,
    softplus,
    sqrt,
    step,
    surrogate,
    tanh,
    where,
)  # fmt: skip


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
