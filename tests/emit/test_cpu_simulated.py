"""Generated sources against the interpreter, their kernels run by Python: every cell, and random ones."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from rnncc.compiler import Compilation, compile_cell
from rnncc.spec import load
from tests.emit.cpu_cases import CORE, OWN, arrays, expected_of, found_by, source_of, sweep_of, worst
from tests.emit.simulated import simulated_module
from tests.random_cells import random_spec_text

SHAPE = (4, 3, 2, 5)
LENGTHS = (4, 2, 0)
TOLERANCE = 1e-11
"""Sums of some hundred terms in another order, carried through 4 steps: 1e-13 and a little; random cells divide by small numbers."""


def check(made):
    module = simulated_module(made.source)
    env = arrays(made, SHAPE, scale=0.4)
    for lengths in (None, LENGTHS):
        for reverse in (False, True):
            sweep = sweep_of(SHAPE, lengths, reverse)
            with np.errstate(all="ignore"):  # memory past a sequence's end is anything
                found = found_by(module, made, env, sweep)
            error, key = worst(found, expected_of(made, env, sweep))
            assert error < TOLERANCE, f"{key}, lengths {lengths}, reverse {reverse}"


@pytest.mark.parametrize("name", CORE + OWN)
def test_the_source_of_a_cell_means_what_its_program_does(name):
    check(compile_cell(source_of(name)))


@settings(
    max_examples=60, derandomize=True, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(random_spec_text())
def test_the_source_of_a_random_cell_means_what_its_program_does(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("random") / "random.py"
    path.write_text(text)
    check(Compilation(load(path)))


RESIDUAL_STATES = """
from rnncc.spec import Cell, softplus, tanh
cell = Cell("States")
x = cell.input("x")
h = cell.state("h")
v = softplus(h)
cell.next(h=tanh(cell.weight("U", h, h) @ v + cell.weight("W", h, x) @ x + h))
cell.output(h)
"""


def test_a_trajectory_serves_backward_as_the_state_before_a_step(tmp_path):
    path = tmp_path / "states.py"
    path.write_text(RESIDUAL_STATES)
    made = compile_cell(str(path))
    assert '"h": h_seq' in made.source
    assert '"h": preceding' not in made.source
    check(made)
