"""exp, tanh and sigmoid in float32 are within 2 ULP: a stratified sample always, every float there is when asked.

    python -m pytest -m slow tests/simd/test_ulp.py

takes about ten minutes.
"""

import numpy as np
import pytest

from rnncc.runtime.simd import exp, sigmoid, tanh
from tests.simd.ulp import all_exponents, applied, around, elementwise, largest_error


def wide_sigmoid(x):
    tail = np.exp(-np.abs(x))
    return np.where(x < 0, tail, 1) / (1 + tail)


FUNCTIONS = {"exp": (exp, np.exp), "tanh": (tanh, np.tanh), "sigmoid": (sigmoid, wide_sigmoid)}
THRESHOLDS = [0.3465736, 0.55, 1.0397208, 9.0109, 10.0, 16.635532, 20.0, 87.33655, 88.72284, 89.0, 103.97208, 104.0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_stratified_sample(name):
    function, exact = FUNCTIONS[name]
    x = np.concatenate([all_exponents(np.float32, 10_000_000), around(THRESHOLDS, np.float32)])
    assert largest_error(applied(function, x), exact, x) <= 2


@pytest.mark.parametrize("name", FUNCTIONS)
def test_doubles(name):
    function, exact = FUNCTIONS[name]
    limits = np.array([*THRESHOLDS, 22.0, 708.3964, 709.7827, 745.1332, 746.0])
    x = np.concatenate([all_exponents(np.float64, 200_000), around(limits, np.float64, 200), np.linspace(-40, 40, 400_001)])
    assert largest_error(applied(function, x), exact, x) <= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_float(name):
    function, exact = FUNCTIONS[name]
    kernel, size = elementwise(function), 1 << 22
    largest = 0.0
    for start in range(0, 1 << 32, size):
        x = np.arange(start, start + size, dtype=np.uint32).view(np.float32)
        y = np.empty_like(x)
        kernel(x, y)
        largest = max(largest, largest_error(y, exact, x))
    print(f"{name}: at most {largest:.4f} ULP")
    assert largest <= 2
