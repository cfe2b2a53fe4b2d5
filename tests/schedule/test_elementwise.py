"""Which loops run unit by unit."""

import pytest

from rnncc.compiler import compile_cell
from rnncc.passes import hoist_sums
from rnncc.schedule import is_apart, is_elementwise, schedule
from tests.schedule.cells import NO_LOOP, planned


@pytest.mark.parametrize("name", ["indrnn", "lru", "sru"])
def test_without_the_products_that_no_carry_reaches(name):
    for program in compile_cell(name).sweeps:
        assert is_elementwise(schedule(hoist_sums(program), hoist=True))


@pytest.mark.parametrize(("name", "holds"), [("elman", False), ("lstm_layernorm", False), ("scrn", False), ("mlstm_matrix", False)])
def test_products_sums_and_matrices(name, holds):
    assert is_elementwise(schedule(compile_cell(name).primal, hoist=True)) == holds


@pytest.mark.parametrize(("name", "holds"), [("indrnn", True), ("lru", True), ("elman", False), ("lstm_layernorm", False)])
def test_a_product_in_the_step_as_it_stands(name, holds):
    """Threads that share units need not wait for each other where it is one of the input."""
    plan = schedule(compile_cell(name).primal)
    assert is_apart(plan) == holds
    assert not is_elementwise(plan)


def test_without_a_loop(tmp_path):
    assert not any(map(is_apart, planned(NO_LOOP, tmp_path)))
