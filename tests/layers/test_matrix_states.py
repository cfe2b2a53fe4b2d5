"""A layer whose states are a matrix, a vector and one number a sample."""

from pathlib import Path

import numpy as np
import pytest

import rnncc

PAIRS = Path(__file__).parent.parent / "cells" / "pairs.py"
STEPS, ROWS, INPUTS, HIDDEN = 600, 2, 5, 9
"""Few rows and many steps: threads share the lines of matrices, and time has two chunks."""


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(STEPS, ROWS, INPUTS)) / 2


def made(threads=1):
    return rnncc.RNN(PAIRS, INPUTS, HIDDEN, dtype="float64", seed=1, threads=threads)


def test_states_have_their_own_shapes(x):
    _, state = made()(x)
    assert {k: v.shape for k, v in state.items()} == {"r": (1, ROWS), "v": (1, ROWS, HIDDEN), "C": (1, ROWS, INPUTS, HIDDEN)}


def test_a_stream_goes_step_by_step(x):
    y, state = made()(x)
    stream = made().stream(ROWS)
    np.testing.assert_array_equal([stream(step) for step in x], y)
    for name, value in stream.state.items():
        np.testing.assert_array_equal(value, state[name])


def test_the_same_bits_for_threads_and_segments(x):
    (y, _), pullback = made().vjp(x)
    (again, _), pullback_again = made(threads=2).vjp(x, checkpoint=1)
    np.testing.assert_array_equal(again, y)
    g, g_again = pullback(y), pullback_again(y)
    np.testing.assert_array_equal(g_again.x, g.x)
    for name, value in g.params.items():
        np.testing.assert_array_equal(g_again.params[name], value)


def test_matrices_can_be_traced(x):
    traced = made().trace(x, ["attention", "C_new"])
    assert {k: v.shape for k, v in traced.items()} == {
        "attention": (STEPS, ROWS, HIDDEN, HIDDEN),
        "C_new": (STEPS, ROWS, INPUTS, HIDDEN),
    }
    np.testing.assert_allclose(traced["attention"].sum(-1), 1, rtol=0, atol=9 * 2.2e-16)
