"""A kernel of every function of one argument; run as a script it writes its results on a small sample to the file it is given."""

import sys

import numpy as np
from numba import njit

from rnncc.runtime.simd import (
    ISA,
    Abs,
    cos,
    erf,
    exp,
    floor,
    lanes,
    lanes_of,
    load,
    log,
    relu,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    step,
    store,
    tanh,
)
from tests.simd.ulp import all_exponents

NAMES = ("Abs", "cos", "erf", "exp", "log", "relu", "sigmoid", "sign", "sin", "softplus", "sqrt", "step", "tanh", "floor")


@njit(error_model="numpy")
def kernel(x, y):
    for u in range(0, x.size, lanes(x)):
        v = load(x, u)
        store(Abs(v), y, 0, u)
        store(cos(v), y, 1, u)
        store(erf(v), y, 2, u)
        store(exp(v), y, 3, u)
        store(log(v), y, 4, u)
        store(relu(v), y, 5, u)
        store(sigmoid(v), y, 6, u)
        store(sign(v), y, 7, u)
        store(sin(v), y, 8, u)
        store(softplus(v), y, 9, u)
        store(sqrt(v), y, 10, u)
        store(step(v), y, 11, u)
        store(tanh(v), y, 12, u)
        store(floor(v), y, 13, u)


def results(dtype):
    """(functions, arguments): every exponent, and the usual range."""
    x = np.concatenate([all_exponents(dtype, 4096), np.linspace(-12, 12, 4096).astype(dtype)])
    y = np.zeros((len(NAMES), x.size), dtype)
    kernel(x, y)
    return y


if __name__ == "__main__":
    np.savez(sys.argv[1], isa=ISA.name, lanes=lanes_of("float32"), float32=results("float32"), float64=results("float64"))
