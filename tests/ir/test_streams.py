"""What a step reads and writes, counted by hand."""

import pytest
import sympy as sp

from rnncc.compiler import compile_cell
from rnncc.ir.streams import step_numbers

# x and the output; forward leaves z, v and h, which is the output; backward reads these, x and d_output, and writes d_x
COUNTED = {
    ("elman", "inference"): "hidden + input",
    ("elman", "forward"): "hidden + input",
    ("elman", "backward"): "2*hidden + 2*input",
    ("mingru", "forward"): "3*hidden + input",
    ("mingru", "backward"): "4*hidden + 2*input",
    ("augru", "inference"): "hidden + input + 1",
    ("qrnn", "inference"): "hidden + input",
}


@pytest.mark.parametrize(("cell", "kernel"), COUNTED)
def test_what_varies_in_time_is_counted_once(cell: str, kernel: str) -> None:
    assert step_numbers(compile_cell(cell).program(kernel)) == sp.sympify(
        COUNTED[cell, kernel], {"hidden": sp.Symbol("hidden"), "input": sp.Symbol("input")}
    )
