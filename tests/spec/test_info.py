"""What the runtime is told of a cell."""

import pytest

from rnncc.runtime.cell_info import CellInfo, Parameter, State
from rnncc.spec import cell_info, load, load_text
from tests.spec.bodies import FINE, HEAD, TAIL


def test_jordan():
    spec = load("jordan", {"psi": "relu"})
    assert cell_info(spec) == CellInfo(
        name="Jordan",
        doc=spec.doc,
        inputs=(("x", ("input",)),),
        states=(State("y", ("out",)),),
        parameters=(
            Parameter("W", ("hidden", "input")),
            Parameter("U", ("hidden", "out")),
            Parameter("b", ("hidden",), bias=True),
            Parameter("V", ("out", "hidden")),
            Parameter("b_y", ("out",), bias=True),
        ),
        output=("out",),
        sizes={"out": 1},
        options={"phi": "tanh", "psi": "relu"},
        named=("h", "y_new"),
    )


def test_named_values_vary_in_time():
    info = cell_info(load_text(f"{HEAD}a = cell.scalar('a')\ns = tanh(a)\nv = W @ x\n{FINE} * s + v{TAIL}"))
    assert info.named == ("v", "h_new")


@pytest.mark.parametrize(
    ("body", "prefix"),
    [
        (FINE, "d_"),
        (f"d_c = tanh(h)\n{FINE} + d_c", "d2_"),
        (f"b = cell.bias('d_b', h)\nd2_b = b + h\n{FINE} + d2_b", "d3_"),
        (f"d = cell.state('d')\ncell.next(d=h)\n{FINE} + d", "d2_"),
        ("D = cell.weight('d', h, x)\nh_new = tanh(W @ x + U @ h + D @ x)", "d2_"),
    ],
)
def test_the_prefix_of_cotangents_begins_no_name_of_the_cell(body, prefix):
    assert cell_info(load_text(HEAD + body + TAIL)).cotangent == prefix


@pytest.mark.parametrize(
    ("value", "domain"),
    [
        ("h * (1 - m) / (1 - p)", {"p": "rate"}),
        ("h * m / p", {"p": "share"}),
        ("m * h + (1 - m) * x_in", {"p": "probability"}),
        ("(m + 1 / q) * h / (2 - p)", {"p": "probability"}),
    ],
)
def test_the_rate_of_a_mask_that_something_is_divided_by(value, domain):
    declared = "p, q = cell.constant('p', 0.5), cell.constant('q', 2.0)\nm = cell.mask('m', h, p)\nx_in = W @ x * q\n"
    assert cell_info(load_text(f"{HEAD}{declared}kept = {value}\n{FINE} + kept + x_in{TAIL}")).domains == domain


def test_the_output_of_a_state():
    spec = load_text(HEAD + FINE + "\ncell.next(h=h_new)\ncell.output(h)\n")
    assert cell_info(spec).output == ("hidden",)
