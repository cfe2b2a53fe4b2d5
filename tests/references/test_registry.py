"""Every reference reads what it says it reads, and its layers mask, reverse and stack."""

import pytest

from tests.references.drawn import LENGTHS, ROWS, SIZES, STEPS, drawn
from tests.references.reference import shapes, torch
from tests.references.registry import REFERENCES

pytestmark = pytest.mark.parametrize("name", REFERENCES)
FROZEN = {"ligru": [f"params.{statistic}_{k}" for statistic in ("mean", "var") for k in "zh"]}
"""Without a gradient: statistics that `norm="batch"` reads."""


def test_what_it_states_is_what_it_reads(name):
    """Each parameter, input, first state and memory has a part in the results; a name that is not stated is a KeyError."""
    reference = REFERENCES[name]
    given = drawn(reference)
    y, final = given.run(reference)
    sizes = {**SIZES, **reference.sizes}
    assert y.shape == (STEPS, ROWS, *shapes({"": reference.output}, sizes)[""])
    assert {k: v.shape for k, v in final.items()} == {k: v.shape for k, v in given.state.items()}
    read = {k: v for k, v in given.every.items() if v.requires_grad}
    loss = y.square().sum() + sum(v.sin().sum() for v in final.values())
    slopes = torch.autograd.grad(loss, list(read.values()), allow_unused=True)
    assert [k for k, slope in zip(read, slopes, strict=True) if slope is None or not slope.any()] == FROZEN.get(name, [])


def test_a_row_is_its_sequence_alone(name):
    """Past its length a row outputs zero and keeps its state; read in reverse it is the sequence turned round."""
    reference = REFERENCES[name]
    given = drawn(reference)
    y, final = given.run(reference, LENGTHS, reverse=True)
    for row, length in enumerate(LENGTHS):
        assert not y[length:, row].any()
        alone = given.row(row, length).turned()
        if length:
            expected, last = alone.run(reference)
            torch.testing.assert_close(y[:length, row : row + 1], expected.flip(0))
        else:
            last = alone.state
        for k, v in last.items():
            torch.testing.assert_close(final[k][row : row + 1], v)
