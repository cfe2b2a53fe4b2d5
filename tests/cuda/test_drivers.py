"""Generated drivers on arrays of a device against the interpreter, their kernels run by Python."""

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from rnncc.runtime.frozen import PANELS, Panels
from tests.cuda import simulated
from tests.cuda.device import MULTIPROCESSORS
from tests.cuda.words import host
from tests.emit.cpu_cases import arrays, expected_of, found_by, sweep_of, worst
from tests.emit.test_cpu_simulated import BATCH_MEANS, MEMORIES, WORDS

CASES = [((4, 19, 3, 37), None, False), ((5, 4, 2, 5), (5, 4, 2, 0), True)]
"""(T, N, I, H), lengths, reverse: two tiles of rows and of several owners' units; sequences that end early."""
TOLERANCE = 2e-11
"""Sums of some hundred terms in another order, carried through 5 steps."""


def on_device(library, env):
    given = {k: library.asarray(v) if isinstance(v, np.ndarray) else v for k, v in env.items()}
    return given | {PANELS: Panels()}


@pytest.mark.parametrize(
    "name", ["lstm", "gru_reset_after", "lstm_projected", "indrnn", "lstm_attention", str(WORDS), str(MEMORIES), str(BATCH_MEANS)]
)
def test_a_cell(chip, name):
    made = compile_cell(name)
    module = simulated.module_of(made.cuda_source)
    for shape, lengths, reverse in CASES:
        env, sweep = arrays(made, shape, scale=0.4), sweep_of(shape, lengths, reverse)
        placed = sweep_of(shape, lengths, reverse, library=chip)
        with np.errstate(all="ignore"):  # memory past a sequence's end is anything
            found = found_by(module, made, on_device(chip, env), placed)
        assert all(type(v) is chip.ndarray for v in found.values())
        error, key = worst({k: host(v) for k, v in found.items()}, expected_of(made, env, sweep))
        assert error < TOLERANCE, f"{key}, {shape}, lengths {lengths}, reverse {reverse}"
    assert all(grid.blocks <= MULTIPROCESSORS for grid in simulated.launched if grid.together)


def test_blocks_share_units_and_keep_weights(chip):
    made = compile_cell("lstm")
    env = on_device(chip, arrays(made, (3, 2, 3, 40)))
    simulated.module_of(made.cuda_source).inference(sweep_of((3, 2), library=chip), env)
    (loop,) = [grid for grid in simulated.launched if grid.together]
    assert loop.blocks == 5
    assert loop.shared > 4 * simulated.constants.TILE * 8
