"""Block-diagonal weights in the spec language, and what a layer is told of them."""

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from rnncc.errors import ArgumentError
from rnncc.ir import BlockDiagonal
from rnncc.lower import lower
from rnncc.runtime.cell_info import Parameter
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.initial import draw
from rnncc.spec import load_text
from tests.spec.bodies import FINE, HEAD, TAIL, faults

BLOCKS = "B = cell.weight('B', h, concat(h, x), blocks=3)"


def spec_of(body):
    return load_text(f"{HEAD}from rnncc.spec import concat\n{body}{TAIL}")


def test_the_parameter_holds_the_blocks():
    spec = spec_of(f"{BLOCKS}\n{FINE} + B @ concat(h, x)")
    assert spec.definition["B"].axes == ("3", "hidden/3", "hidden+input/3")
    whole = spec.definition["B_whole"]
    assert (whole.kind, whole.axes, whole.args, whole.named) == ("diagonal", ("hidden", "hidden+input"), ("B",), False)
    assert lower(spec).node["B_whole"] == BlockDiagonal("B_whole", ("hidden", "hidden+input"), "B")


def test_one_block_is_an_ordinary_weight():
    spec = spec_of(f"B = cell.weight('B', h, h, blocks=1)\n{FINE} + B @ h")
    assert spec.definition["B"].axes == ("hidden", "hidden")
    assert "B_whole" not in spec.definition


def test_a_product_goes_by_the_name_of_the_parameter():
    assert spec_of(f"B = cell.weight('B', h, h, blocks=2)\n{FINE} + B @ h").definition["B_h"].args == ("B_whole", "h")


@pytest.mark.parametrize("given", ["0", "-1", "True", "2.0", "h"])
def test_a_number_of_blocks(given):
    found = faults(f"B = cell.weight('B', h, h, blocks={given})\n{FINE} + B @ h")
    assert "error: blocks of the weight B is no number of blocks" in found
    assert f"found: {given}" in found
    assert "expected: a whole number of at least 1" in found


def test_sizes_that_are_no_multiple_of_the_blocks():
    info = compile_cell("slstm", {"heads": 4}).info
    with pytest.raises(
        ArgumentError, match=r"SLSTM: the weight U_z has 4 blocks along its diagonal, .* hidden, 10 in layer 0; .* of 4"
    ):
        Geometry(info, 3, 10, 1, 1)
    assert Geometry(info, 3, 12, 1, 1).shape(("4", "hidden/4", "hidden/4")) == (4, 3, 3)


def test_every_block_is_drawn_as_a_matrix_of_its_own():
    blocks = draw(Parameter("U", ("3", "hidden/3", "hidden/3"), "orthogonal"), (3, 4, 4), 12, np.random.default_rng(0))
    for block in blocks:
        np.testing.assert_allclose(block @ block.T, np.eye(4), atol=1e-14)
    assert not np.allclose(blocks[0], blocks[1])
