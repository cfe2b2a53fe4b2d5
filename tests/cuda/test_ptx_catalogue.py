"""Every cell's kernels in training, run as PTX, against the interpreter; minutes of compilation."""

import numpy as np
import pytest

from rnncc import catalogue
from rnncc.compiler import compile_cell
from tests.cuda import simulated
from tests.cuda.words import host
from tests.emit.cpu_cases import arrays, expected_in_training, sweep_of, trained_by, worst
from tests.emit.test_cpu_simulated import TOLERANCE

SHAPE, LENGTHS = (3, 5, 3, 18), [3, 2, 2, 1, 0]
"""(T, N, I, H), three groups of units, and sequences that end early."""


@pytest.mark.slow
@pytest.mark.parametrize("cell", catalogue.names())
def test_kernels_mean_what_their_program_does(by_ptx, chip, cell):
    made = compile_cell(cell)
    env = arrays(made, SHAPE, scale=0.2)
    given = {name: chip.asarray(value) if isinstance(value, np.ndarray) else value for name, value in env.items()}
    module = simulated.module_of(made.cuda_source)
    found = trained_by(module, made, given, sweep_of(SHAPE, LENGTHS, reverse=True, library=chip))
    expected = expected_in_training(made, env, sweep_of(SHAPE, LENGTHS, reverse=True))
    assert by_ptx.grids
    error, key = worst({k: host(v) for k, v in found.items()}, expected)
    assert error < TOLERANCE, key
