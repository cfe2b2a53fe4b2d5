"""Every cell's kernels on a device: float64 against the interpreter, float32 by the same rule as on the CPU."""

from dataclasses import replace

import numpy as np
import pytest

from rnncc import catalogue
from rnncc.compiler import compile_cell
from rnncc.runtime.cache import Cache
from tests.emit.cpu_cases import arrays, expected_of, found_by, sweep_of, worst
from tests.emit.test_cpu import single_tolerance
from tests.emit.test_cpu_simulated import TOLERANCE

pytestmark = pytest.mark.gpu
CASES = [((6, 5, 7, 37), None, False), ((6, 5, 7, 37), (6, 4, 2, 1, 0), True), ((3, 40, 16, 256), None, False)]
"""(T, N, I, H), lengths, reverse: sizes that fill nothing, and several blocks for the same rows."""


def module_of(made):
    return Cache().module(f"{made.spec.name}_gpu", lambda: made.cuda_source)


def on_device(cupy, env):
    return {name: cupy.asarray(value) if isinstance(value, np.ndarray) else value for name, value in env.items()}


def results(cupy, made, env, shape, lengths, reverse):
    """What the module's functions give, as NumPy arrays."""
    sweep = replace(sweep_of(shape, lengths, reverse), library=cupy)
    return {key: cupy.asnumpy(value) for key, value in found_by(module_of(made), made, on_device(cupy, env), sweep).items()}


@pytest.mark.parametrize("cell", catalogue.names())
def test_kernels_mean_what_their_program_does(cupy, cell):
    made = compile_cell(cell)
    for shape, lengths, reverse in CASES:
        env = arrays(made, shape, scale=0.2)
        error, key = worst(results(cupy, made, env, shape, lengths, reverse), expected_of(made, env, sweep_of(shape, lengths, reverse)))
        assert error < TOLERANCE, f"{key}, {shape}, lengths {lengths}, reverse {reverse}"


@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_in_float32(cupy, cell):
    made = compile_cell(cell)
    for shape, lengths, reverse in CASES:
        env = arrays(made, shape, np.float32, scale=0.2)
        error, key = worst(results(cupy, made, env, shape, lengths, reverse), expected_of(made, env, sweep_of(shape, lengths, reverse)))
        assert error < single_tolerance(shape, backward=True), f"{key}, {shape}, lengths {lengths}, reverse {reverse}"


@pytest.mark.parametrize("cell", ["lstm", "gru", "indrnn", "lstm_layernorm"])
def test_the_same_bits_a_hundred_times(cupy, cell):
    made, (shape, lengths, reverse) = compile_cell(cell), CASES[2]
    env = arrays(made, shape, "float32", scale=0.2)
    first = results(cupy, made, env, shape, lengths, reverse)
    for _ in range(100):
        again = results(cupy, made, env, shape, lengths, reverse)
        for key, value in first.items():
            np.testing.assert_array_equal(again[key], value, err_msg=key)
