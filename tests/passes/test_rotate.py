"""Products at the end of a step, made at the beginning of the next."""

import numpy as np
import pytest

from rnncc.compiler import compile_cell, normalised
from rnncc.emit.numpy import run
from rnncc.ir import verify
from rnncc.passes import rotate
from rnncc.schedule import schedule
from tests.emit.cpu_cases import arrays
from tests.passes.programs import linear, lstm, window

SHAPE, LENGTHS = (5, 4, 3, 6), [5, 4, 1, 0]
TOLERANCE = 1e-12
"""Sums of some tens of terms in another order, carried through 5 steps."""


def backward(name):
    """The backward program of a cell, and arrays for it."""
    made = compile_cell(name)
    forward, program = made.sweeps
    given = arrays(made, SHAPE)
    kept = run(forward, given, LENGTHS)
    return program, {k: v for k, v in (given | kept).items() if k in program.input}


@pytest.mark.parametrize(
    ("name", "before", "after"), [("lstm", 2, 1), ("gru", 3, 2), ("elman", 2, 1), ("rhn", 4, 3), ("lstm_projected", 4, 3)]
)
def test_a_phase_less_and_the_same_gradients(name, before, after):
    program, env = backward(name)
    found = normalised(verify(rotate(program)))
    assert (len(schedule(program).step), len(schedule(found).step)) == (before, after)
    for reverse in (False, True):
        expected, got = (run(p, env, LENGTHS, reverse=reverse) for p in (program, found))
        for key, value in expected.items():
            assert np.abs(got[key] - value).max() <= TOLERANCE * max(1, np.abs(value).max()), key


def test_rows_without_a_step_keep_what_they_began_with():
    program, env = backward("lstm")
    found = run(rotate(program), env, [0, 0, 0, 0])
    np.testing.assert_array_equal(found["d_h_0"], env["d_h_T"])


def test_products_that_begin_a_step_stay():
    for program in (linear(), window(), lstm()):
        assert rotate(program) == program
