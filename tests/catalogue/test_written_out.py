"""The core of the catalogue against PyTorch's autograd of its written-out equations: outputs, final states, every gradient."""

from functools import partial

import pytest

from tests.catalogue.cases import CELLS, EACH_ONCE, LENGTHS, call_of, disagreement, found_by, layer_of
from tests.references.layers import layers, results
from tests.references.registry import REFERENCES

OPTIONS = ("phi", "psi")


def step_of(cell, keywords):
    """The written-out step with the functions that `keywords` choose."""
    return partial(REFERENCES[cell], **{name: v for name, v in keywords.items() if name in OPTIONS})


def expected_of(cell, keywords, layer, call):
    step = step_of(cell, keywords)
    return results(lambda params, x, state: layers(step, params, x, state, call.lengths), layer.params, call)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one-way", "both-ways"])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize(("cell", "keywords"), CELLS, ids=str)
def test_every_result_is_that_of_the_equations(cell, keywords, num_layers, bidirectional, lengths):
    layer = layer_of(cell, keywords, num_layers, bidirectional)
    call = call_of(layer, lengths)
    assert not disagreement(found_by(layer, call), expected_of(cell, keywords, layer, call))


@pytest.mark.parametrize("lengths", [[5], [7, 0, 3]], ids=str)
@pytest.mark.parametrize(("cell", "keywords"), EACH_ONCE, ids=str)
def test_few_rows(cell, keywords, lengths):
    """They have a form of the kernels of their own."""
    layer = layer_of(cell, keywords, 2, True, threads=2)
    call = call_of(layer, lengths, rows=len(lengths))
    assert not disagreement(found_by(layer, call), expected_of(cell, keywords, layer, call))
