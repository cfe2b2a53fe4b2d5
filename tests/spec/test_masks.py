"""Random masks of a spec."""

import pytest

from rnncc.spec import cell_info, load_text
from tests.spec.bodies import FINE, HEAD, TAIL, faults


def test_a_mask_is_declared_with_the_units_of_a_value():
    body = "rate = cell.constant('rate', 0.1)\nm = cell.mask('m', h, 0.25)\ns = cell.mask('s', x, rate, per='sequence')\n"
    spec = load_text(HEAD + body + "h_new = tanh(W @ (s * x) + U @ h) * m" + TAIL)
    step, sequence = cell_info(spec).masks
    assert (step.name, step.axes, step.rate, step.per) == ("m", ("hidden",), 0.25, "step")
    assert (sequence.name, sequence.axes, sequence.rate, sequence.per) == ("s", ("input",), "rate", "sequence")
    assert spec.definition["m"].axes == ("T", "N", "hidden")
    assert spec.definition["s"].axes == ("N", "input")


def test_a_value_made_of_masks_alone_does_not_vary_in_time():
    body = "s = cell.mask('s', h, 0.5, per='sequence')\nkept = 2 * (1 - s)\n"
    spec = load_text(HEAD + body + "h_new = tanh(W @ x + U @ (h * kept))" + TAIL)
    assert spec.definition["kept"].axes == ("N", "hidden")


def test_a_rate_that_is_no_probability():
    assert (
        faults(f"m = cell.mask('m', h, 1.5)\n{FINE} * m")
        == """\
bad.py:7:5: error: the rate of the mask m is no probability
    m = cell.mask('m', h, 1.5)
        ^^^^^^^^^^^^^^^^^^^^^^
  found: 1.5
  expected: a number from 0 to 1"""
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("h, h", "the rate of the mask m is no number"),
        ("h, 'half'", "the rate of the mask m is no number"),
        ("h, 0.5, per='batch'", "the mask m is drawn per step or per sequence"),
        ("h, 0.5, per=2", "the mask m is drawn per step or per sequence"),
        ("0.5, 0.5", "this has no size"),
        ("cell.scalar('a'), 0.5", "this has no size"),
    ],
)
def test_what_is_no_mask(arguments, said):
    assert f"bad.py:7:5: error: {said}" in faults(f"m = cell.mask('m', {arguments})\n{FINE} * m")


def test_a_mask_in_vain():
    assert "the mask m reaches neither the output nor a state" in faults(f"m = cell.mask('m', h, 0.5)\n{FINE}")
