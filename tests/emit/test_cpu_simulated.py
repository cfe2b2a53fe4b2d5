"""Generated sources against the interpreter, their kernels run by Python: every cell, and random ones."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from rnncc.compiler import Compilation, compile_cell
from rnncc.runtime.frozen import PANELS, Panels
from rnncc.runtime.simd import ISA
from rnncc.spec import load
from tests.emit.cpu_cases import CORE, OWN, arrays, expected_of, found_by, source_of, sweep_of, worst
from tests.emit.simulated import simulated_module
from tests.random_cells import random_spec_text
from tests.schedule.cells import EVERY, compiled

CASES = [((4, 3, 2, 5), None, False), ((4, 3, 2, 5), (4, 2, 0), True), ((4, 4, 2, 5), None, True), ((4, 4, 2, 5), (4, 3, 2, 0), False)]
"""(T, N, I, H), lengths, reverse: for `simulated`, an odd N asks for the form with products made ahead of the loop."""
WORDS = Path(__file__).parent / "cells" / "words.py"
MEMORIES, BATCH_MEANS = WORDS.with_name("memories.py"), WORDS.with_name("batch_means.py")
TOLERANCE = 1e-11
"""Sums of some hundred terms in another order, carried through 4 steps: 1e-13 and a little; random cells divide by small numbers."""


def check(made):
    module = simulated_module(made.source)
    for shape, lengths, reverse in CASES:
        env, sweep = arrays(made, shape, scale=0.4), sweep_of(shape, lengths, reverse)
        with np.errstate(all="ignore"):  # memory past a sequence's end is anything
            found = found_by(module, made, env, sweep)
        error, key = worst(found, expected_of(made, env, sweep))
        assert error < TOLERANCE, f"{key}, {shape}, lengths {lengths}, reverse {reverse}"


@pytest.mark.parametrize("name", CORE + OWN)
def test_the_source_of_a_cell_means_what_its_program_does(name):
    check(compile_cell(source_of(name)))


def test_columns_picked_by_whole_numbers():
    made = compile_cell(WORDS)
    assert 'e_seq = gathered(sweep, columns(env, "E"), env["word"])' in made.source
    assert 'd_V_of_V_speaker = scattered(sweep, d_z_in_seq, hidden, env["speaker"], speakers, so_far=env.get("d_V"))' in made.source
    check(made)


@pytest.mark.parametrize("name", ["lstm_attention", str(MEMORIES)])
def test_memories_of_which_rows_have_some_positions(name):
    check(compile_cell(name))


def test_means_over_a_batch():
    made = compile_cell(BATCH_MEANS)
    assert "s_sum = column_sum(sweep, s_in_seq, hidden)\n" in made.source
    check(made)


@settings(
    max_examples=60, derandomize=True, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(random_spec_text())
def test_the_source_of_a_random_cell_means_what_its_program_does(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("random") / "random.py"
    path.write_text(text)
    check(Compilation(load(path)))


@pytest.mark.parametrize("text", EVERY.values(), ids=EVERY)
def test_delay_lines_shifts_and_cells_without_a_loop(text, tmp_path):
    check(compiled(text, tmp_path))


RESIDUAL_STATES = """
h = cell.state("h")
v = sigmoid(h)
cell.next(h=tanh(cell.weight("U", h, h) @ v + cell.weight("W", h, x) @ x + h))
cell.output(h)
"""


def test_a_trajectory_serves_backward_as_the_state_before_a_step(tmp_path):
    made = compiled(RESIDUAL_STATES, tmp_path)
    assert '"h": h_seq' in made.source
    assert '"h": preceding' not in made.source
    check(made)


@pytest.mark.parametrize("rows", [3, 4])
def test_weights_in_bfloat16_are_unpacked(rows):
    """Numbers that bfloat16 holds give the same either way; where weights meet rounded numbers those of the first step alone."""
    made = compile_cell("lstm")
    module, shape = simulated_module(made.source), (1 if ISA.dots else 4, rows, 2, 5)
    whole = {k: np.round(8 * v) for k, v in arrays(made, shape, np.float32).items()}
    env = {k: whole[k] / np.float32(8) for k in (i.name for i in made.primal.inputs)}
    with np.errstate(all="ignore"):
        expected, found = (module.inference(sweep_of(shape), env | {PANELS: Panels(bfloat16=b)}) for b in (False, True))
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value)


WEIGHTS = Path(__file__).parent / "cells" / "weights.py"


def test_expressions_of_weights():
    check(compile_cell(WEIGHTS))


def test_expressions_of_weights_stay_in_float32():
    """Patterns and numbers of units have no dtype of their own. 5 steps of sums of 9 terms: some tens of roundings of 6e-8."""
    made, shape = compile_cell(WEIGHTS), (4, 2, 2, 5)
    module, sweep = simulated_module(made.source), sweep_of(shape)
    with np.errstate(all="ignore"):
        single, double = (found_by(module, made, arrays(made, shape, dtype), sweep) for dtype in (np.float32, np.float64))
    assert {v.dtype for v in single.values()} == {np.dtype(np.float32)}
    assert worst(single, double) < (1e-5,)


def test_computed_weights_follow_constants():
    made, shape = compile_cell(WEIGHTS), (4, 2, 2, 5)
    module, sweep, panels = simulated_module(made.source), sweep_of(shape), Panels()
    env = arrays(made, shape)
    with np.errstate(all="ignore"):
        for gamma in (0.1, 0.1, 0.7):
            changed = env | {"gamma": gamma}
            kept = found_by(module, made, changed | {PANELS: panels}, sweep)
            error, key = worst(kept, expected_of(made, changed, sweep))
            assert error < TOLERANCE, f"{key}, gamma {gamma}"
    assert {name.partition("_")[0] for name in panels.computed} == {"forward", "backward", "trace"}
