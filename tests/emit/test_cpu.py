"""Compiled kernels against the interpreter: every cell, many shapes, ragged batches, both directions, several threads."""

import math
from functools import cache

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from rnncc.modules import load_module
from tests.emit.cpu_cases import (
    CORE,
    OWN,
    arrays,
    expected_in_training,
    expected_of,
    found_by,
    primal,
    source_of,
    sweep_of,
    trained_by,
    worst,
)

SHAPE = (9, 13, 5, 33)
"""T, N, I, H: no size fills whole vectors or whole tiles."""
LENGTHS = (9, 9, 8, 7, 7, 6, 5, 4, 3, 1, 1, 0, 0)
SHAPES = [(1, 1, 1, 1), (9, 7, 1, 6), (9, 4, 5, 8), (0, 4, 5, 6), (4, 0, 5, 6)]
TOLERANCE = 1e-12
"""In float64: sums of some hundred terms in another order, 9 steps; 2.2e-16 times a few hundred, with room."""


@cache
def made(name):
    return compile_cell(source_of(name))


def module(name):
    return load_module(source_of(name))


def error(name, env, sweep):
    """The largest error and its key, of all four functions for two cells, of forward and backward for the others."""
    if name in ("lstm", "gru"):
        return worst(found_by(module(name), made(name), env, sweep), expected_of(made(name), env, sweep))
    return worst(trained_by(module(name), made(name), env, sweep), expected_in_training(made(name), env, sweep))


def ragged(shape):
    return [max(shape[0] - k, 0) for k in range(shape[1])]


@pytest.mark.parametrize("name", CORE + OWN)
def test_a_cell_means_what_its_program_does(name):
    env = arrays(made(name), SHAPE)
    for lengths in (None, LENGTHS):
        for reverse in (False, True):
            found, key = error(name, env, sweep_of(SHAPE, lengths, reverse, threads=2))
            assert found < TOLERANCE, f"{key}, lengths {lengths}, reverse {reverse}"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", CORE + OWN)
def test_of_any_size(name, shape):
    env = arrays(made(name), shape, seed=1)
    for lengths, reverse in ((None, False), (ragged(shape), True)):
        found, key = error(name, env, sweep_of(shape, lengths, reverse))
        assert found < TOLERANCE, f"{key}, lengths {lengths}, reverse {reverse}"


def single_tolerance(shape, backward):
    """What oneDNN's benchdnn allows a recurrent layer of one direction: 4 (1 + backward) ceil(log2(K T)) eps."""
    steps, _, width, hidden = shape
    return 4 * (1 + backward) * math.ceil(math.log2((width + hidden) * steps)) * np.finfo(np.float32).eps


@pytest.mark.parametrize("name", ["elman", "lstm", "gru"])
def test_in_float32(name):
    env = arrays(made(name), SHAPE, np.float32, scale=0.2)
    sweep = sweep_of(SHAPE, LENGTHS, threads=2)
    found, expected = trained_by(module(name), made(name), env, sweep), expected_in_training(made(name), env, sweep)
    assert {a.dtype for a in found.values()} == {np.dtype(np.float32)}
    gradients = {key for key in found if key.startswith("d_")}
    assert gradients
    for keys, backward in ((gradients, True), (found.keys() - gradients, False)):
        largest, key = worst({k: found[k] for k in keys}, {k: expected[k] for k in keys})
        assert largest < single_tolerance(SHAPE, backward), key


def masked(env, sweep, value):
    """`env` with what varies in time set to `value` past each sequence's end."""
    found = dict(env)
    for key, array in env.items():
        if np.ndim(array) == 3:
            found[key] = np.where(sweep.dead()[:, :, None], array.dtype.type(value), array)
    return found


@pytest.mark.parametrize("name", ["lstm", "gru", "lstm_layernorm", "window_softmax"])
def test_nan_past_the_end_of_a_sequence_touches_nothing(name):
    for reverse in (False, True):
        sweep = sweep_of(SHAPE, LENGTHS, reverse, threads=2)
        env = arrays(made(name), SHAPE)
        clean = trained_by(module(name), made(name), masked(env, sweep, 0), sweep)
        dirty = trained_by(module(name), made(name), masked(env, sweep, np.nan), sweep)
        for key, value in clean.items():
            np.testing.assert_array_equal(dirty[key], value, err_msg=key)


@pytest.mark.parametrize("name", ["lstm", "gru", "window_softmax"])
def test_nothing_given_is_written(name):
    env = arrays(made(name), SHAPE)
    before = {k: np.copy(v) for k, v in env.items()}
    sweep = sweep_of(SHAPE, LENGTHS)
    given = primal(made(name), env)
    forward = module(name).forward(sweep, given)
    kept = {k: np.copy(v) for k, v in forward.items() if k in {"output", *(f"{s.name}_T" for s in made(name).info.states)}}
    module(name).backward(sweep, {**env, **forward})
    for key, value in before.items():
        np.testing.assert_array_equal(env[key], value, err_msg=key)
    for key, value in kept.items():
        np.testing.assert_array_equal(forward[key], value, err_msg=key)


def test_results_share_no_memory_with_what_is_given():
    sweep, env = sweep_of(SHAPE), arrays(made("lstm"), SHAPE)
    found = module("lstm").inference(sweep, primal(made("lstm"), env))
    for key, value in found.items():
        assert not any(np.shares_memory(value, given) for given in env.values() if isinstance(given, np.ndarray)), key


def bits(name, sweep, env):
    return {k: v.tobytes() for k, v in trained_by(module(name), made(name), env, sweep).items()}


@pytest.mark.parametrize("name", ["lstm", "gru", "lstm_layernorm"])
def test_the_same_bits_from_run_to_run_and_for_any_number_of_threads(name):
    env = arrays(made(name), SHAPE)
    for lengths in (None, LENGTHS):
        first = bits(name, sweep_of(SHAPE, lengths), env)
        for run in range(20):
            again = bits(name, sweep_of(SHAPE, lengths, threads=1 + run % 3), env)
            assert again == first


@pytest.mark.parametrize(
    "kernel", ["inference_fused_loop", "forward_hoisted_loop", "forward_hoisted_before", "backward_loop", "backward_after"]
)
def test_one_compilation_serves_every_shape(kernel):
    for shape in (SHAPE, (3, 2, 7, 4), (1, 1, 1, 1)):
        for lengths in (None, ragged(shape)):
            found_by(module("lstm"), made("lstm"), arrays(made("lstm"), shape), sweep_of(shape, lengths))
    doubles = [s for s in getattr(module("lstm"), kernel).signatures if "float64" in str(s) and "float32" not in str(s)]
    assert len(doubles) == 1
