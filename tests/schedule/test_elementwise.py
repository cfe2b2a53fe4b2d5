"""Which loops run unit by unit."""

import pytest

from rnncc.compiler import compile_cell
from rnncc.passes import hoist_sums
from rnncc.schedule import is_elementwise, schedule
from tests.schedule.cells import NO_LOOP, planned


@pytest.mark.parametrize("name", ["indrnn", "lru", "sru"])
def test_without_the_products_that_no_carry_reaches(name):
    for program in compile_cell(name).sweeps:
        assert is_elementwise(schedule(hoist_sums(program), hoist=True))


@pytest.mark.parametrize(("name", "holds"), [("elman", False), ("lstm_layernorm", False), ("scrn", False), ("mlstm_matrix", False)])
def test_products_sums_and_matrices(name, holds):
    assert is_elementwise(schedule(compile_cell(name).primal, hoist=True)) == holds


def test_a_product_in_the_step_as_it_stands():
    assert not is_elementwise(schedule(compile_cell("indrnn").primal))


def test_without_a_loop(tmp_path):
    assert not any(map(is_elementwise, planned(NO_LOOP, tmp_path)))
