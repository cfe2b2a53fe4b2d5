"""A sequence of 100,000 steps: what training keeps of it, and its peak."""

import tracemalloc

import numpy as np
import pytest

import rnncc
from rnncc.runtime.chunks import ROWS

STEPS, INPUTS, HIDDEN = 100_000, 4, 8
EVERY = 316
"""√STEPS."""
ONE_STEP = 6 * HIDDEN * 4
"""Bytes that an LSTM's backward pass reads of a step of one row: four gates and two states of 4 bytes a unit."""


@pytest.fixture
def x(rng):
    return rng.standard_normal((STEPS, INPUTS), np.float32)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_long_sequence_trains_in_bounded_memory(x, layers):
    """Besides `x` two chunks of residuals, which leaves room for the states at the beginning of each and for the parameters."""
    layer = rnncc.RNN("lstm", INPUTS, HIDDEN, layers, seed=1, checkpoint=EVERY)
    (y, _), pullback = layer.vjp(x[:ROWS])
    pullback(y)  # compiled before anything is measured
    tracemalloc.start()
    (y, _), pullback = layer.vjp(x)
    g = pullback(y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pullback.nbytes < x.nbytes + layers * 2 * ROWS * ONE_STEP
    of_the_caller = x.nbytes + y.nbytes + g.x.nbytes
    counts = 3 * 8 * STEPS  # rows alive at each step, and their sums
    assert peak < of_the_caller + counts + layers * 5 * ROWS * ONE_STEP
    assert peak < of_the_caller + STEPS * ONE_STEP / 4


def test_without_a_checkpoint_every_step_is_kept(x):
    layer = rnncc.RNN("lstm", INPUTS, HIDDEN, seed=1)
    assert layer.vjp(x)[1].nbytes > x.nbytes + STEPS * ONE_STEP


def test_residuals_grow_with_the_root_of_the_steps(rng):
    """With √T steps a segment, twice the residuals for four times the steps; chunks of one step make it exact but for rounding."""
    kept = {}
    for steps in (400, 1600, 6400):
        x = rng.standard_normal((steps, ROWS, 1), np.float32)
        pullback = rnncc.RNN("lstm", 1, HIDDEN, seed=1, checkpoint=round(steps**0.5)).vjp(x)[1]
        kept[steps] = pullback.nbytes - x.nbytes
    assert kept[1600] / kept[400] == pytest.approx(2, rel=0.05)
    assert kept[6400] / kept[1600] == pytest.approx(2, rel=0.05)
