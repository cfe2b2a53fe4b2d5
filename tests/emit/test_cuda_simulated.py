"""Generated sources for CUDA against the interpreter, their kernels run by Python: every cell, and random ones."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from rnncc.compiler import Compilation, compile_cell
from rnncc.spec import load
from tests.emit.cpu_cases import CORE, OWN, arrays, expected_of, found_by, source_of, sweep_of, worst
from tests.emit.simulated_cuda import simulated_cuda_module
from tests.emit.test_cpu_golden import GOLDEN, stampless
from tests.emit.test_cpu_simulated import MEMORIES, TOLERANCE, WORDS
from tests.random_cells import random_spec_text
from tests.schedule.cells import EVERY, compiled

CASES = [((4, 3, 2, 5), None, False), ((4, 5, 2, 5), (4, 4, 2, 1, 0), True)]
"""(T, N, I, H), lengths, reverse."""


def check(made):
    check_module(made, simulated_cuda_module(made.cuda_source))


def check_module(made, module):
    for shape, lengths, reverse in CASES:
        env, sweep = arrays(made, shape, scale=0.4), sweep_of(shape, lengths, reverse)
        with np.errstate(all="ignore"):  # memory past a sequence's end is anything
            found = found_by(module, made, env, sweep)
        error, key = worst(found, expected_of(made, env, sweep))
        assert error < TOLERANCE, f"{key}, {shape}, lengths {lengths}, reverse {reverse}"


def test_the_module_of_a_cell(golden):
    made = compile_cell("lstm")
    golden(GOLDEN / "lstm_cuda.py", stampless(made.cuda_source))
    check_module(made, simulated_cuda_module((GOLDEN / "lstm_cuda.py").read_text()))


@pytest.mark.parametrize("name", [*CORE, *OWN, str(WORDS), "lstm_attention", str(MEMORIES)])
def test_the_source_of_a_cell_means_what_its_program_does(name):
    check(compile_cell(source_of(name)))


@settings(
    max_examples=40, derandomize=True, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(random_spec_text())
def test_the_source_of_a_random_cell_means_what_its_program_does(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("random") / "random.py"
    path.write_text(text)
    check(Compilation(load(path)))


@pytest.mark.parametrize("text", EVERY.values(), ids=EVERY)
def test_delay_lines_shifts_and_cells_without_a_loop(text, tmp_path):
    check(compiled(text, tmp_path))
