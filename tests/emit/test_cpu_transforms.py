"""Sources of cells with random masks and of transformed cells against the interpreter, their kernels run by Python."""

from pathlib import Path

import numpy as np
import pytest

from rnncc.compiler import compile_cell
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
