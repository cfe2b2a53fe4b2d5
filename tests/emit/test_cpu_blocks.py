"""Block-diagonal weights in generated sources: blocks that fill vectors, that share one, and groups of units that meet several."""

from pathlib import Path

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from tests.emit.cpu_cases import arrays, expected_of, found_by, sweep_of, worst
from tests.emit.simulated import simulated_module

CELL = Path(__file__).parent / "cells" / "blocks.py"
TOLERANCE = 1e-12
"""Sums of up to two hundred terms in another order over 3 steps."""


@pytest.mark.parametrize(("heads", "width", "hidden"), [(2, 4, 6), (3, 6, 69), (2, 34, 130), (7, 70, 21)])
@pytest.mark.parametrize(("rows", "lengths", "reverse"), [(3, (3, 2, 0), True), (4, None, False)])
def test_sources_mean_what_the_program_does(heads, width, hidden, rows, lengths, reverse):
    made = compile_cell(CELL, {"heads": heads})
    shape = (3, rows, width, hidden)
    env, sweep = arrays(made, shape, scale=0.3), sweep_of(shape, lengths, reverse)
    with np.errstate(all="ignore"):  # memory past a sequence's end is anything
        found = found_by(simulated_module(made.source), made, env, sweep)
    error, key = worst(found, expected_of(made, env, sweep))
    assert error < TOLERANCE, key
