"""Sources of cells with random masks and of transformed cells against the interpreter, their kernels run by Python."""

from pathlib import Path

import numpy as np
import pytest

from rnncc.cli.checks import findings
from rnncc.compiler import compile_cell
from rnncc.emit.numpy import run
from rnncc.ir import block_counts
from tests.emit.cpu_cases import arrays, expected_of, found_by, sweep_of, worst
from tests.emit.simulated import simulated_module

CASES = [((4, 3, 2, 5), (4, 2, 0), True), ((4, 4, 2, 5), None, False), ((4, 4, 2, 5), (4, 3, 2, 0), False)]
"""(T, N, I, H), lengths, reverse: for `simulated`, an odd N asks for the form with products made ahead of the loop."""
TRANSFORMS = [
    {"layer_norm": True},
    {"preactivation_clip": True, "state_clip": ()},
    {"input_dropout": True, "recurrent_dropout": True},
    {"weight_drop": True},
    {"zoneout": ()},
    {"reset": True},
    {"learn_initial": True, "reset": True},
    {"highway": True},
]
ELEMENTWISE = [t for t in TRANSFORMS if not t.keys() & {"recurrent_dropout", "weight_drop"}] + [{"input_dropout": True}]
"""For a cell without a product in its loop."""
BLOCKS = Path(__file__).parent / "cells" / "blocks.py"
COUPLING = Path(__file__).parent.parent / "layers" / "cells" / "coupling.py"
TOLERANCE = 1e-11
"""Sums of some hundred terms in another order, carried through 4 steps, divided by deviations: 1e-13 and a little."""


def check(made, cases=CASES):
    module = simulated_module(made.source)
    given = {name: value or 0.3 for name, value in made.info.constants.items()}
    for shape, lengths, reverse in cases:
        env, sweep = arrays(made, shape, scale=0.4) | given, sweep_of(shape, lengths, reverse)
        with np.errstate(all="ignore"):  # memory past a sequence's end is anything
            found = found_by(module, made, env, sweep)
        error, key = worst(found, expected_of(made, env, sweep))
        assert error < TOLERANCE, f"{key}, {shape}, lengths {lengths}, reverse {reverse}"


@pytest.mark.parametrize("cell", ["lstm_zoneout", "lstm_recurrent_dropout", "lstm_variational"])
def test_a_cell_with_masks(cell):
    check(compile_cell(cell))


@pytest.mark.parametrize("cell", ["lstm_peephole", "gru_reset_after", "lstm_projected", "rhn"])
@pytest.mark.parametrize("transforms", TRANSFORMS, ids=str)
def test_a_transformed_cell(cell, transforms):
    check(compile_cell(cell, None, transforms))


@pytest.mark.parametrize("transforms", ELEMENTWISE, ids=str)
def test_a_transformed_cell_without_a_product_in_its_loop(transforms):
    check(compile_cell("indrnn", None, transforms))


def test_a_cell_with_means_over_a_batch_takes_all_other_transforms():
    """Means are of what is read in their place: of an input that is dropped the dropped one's."""
    asked = {name: value for one in TRANSFORMS for name, value in one.items() if name != "layer_norm"}
    made = compile_cell("ligru", {"norm": "batch"}, asked, dict.fromkeys(("preactivation_clip", "state_clip", "zoneout"), 0.3))
    difference = next(findings(made, None))
    assert difference.fine, difference.figure
    check(made)
    given = {name: value or 0.3 for name, value in made.info.constants.items()}
    env = arrays(made, (4, 3, 2, 5)) | given
    env["input_dropout_mask_x"] = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    dropped = env["x"] * (1 - env["input_dropout_mask_x"]) / 0.7
    mean = run(made.training, env)["mean_z of the batch"]
    np.testing.assert_allclose(mean, (dropped @ env["W_z"].T).mean((0, 1)), rtol=1e-12)


@pytest.mark.parametrize("transforms", [{"layer_norm": True}, {"weight_drop": True, "recurrent_dropout": True}], ids=str)
def test_a_transformed_cell_keeps_its_blocks(transforms):
    made = compile_cell(BLOCKS, None, transforms)
    plain = compile_cell(BLOCKS)
    assert block_counts(made.primal).keys() == block_counts(plain.primal).keys()
    check(made, [((4, 3, 4, 6), (4, 2, 0), True), ((4, 4, 4, 6), None, False)])


@pytest.mark.parametrize("cell", ["unicornn", COUPLING], ids=["unicornn", "coupling"])
def test_a_cell_whose_states_are_run_back(cell):
    """In one segment: from the last states of all, 4 steps."""
    check(compile_cell(cell, None, {"reversible": True}))
