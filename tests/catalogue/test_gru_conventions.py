"""Three cells are called GRU. They share weights here, and what tells them apart is shown."""

import numpy as np
import pytest

from tests.catalogue.cases import INPUTS, TOLERANCE, layer_of
from tests.layers.peers import peer

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture
def lectures():
    """The GRU of the lectures."""
    return layer_of("gru", {})


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((6, 4, INPUTS))


def turned(layer, cell):
    """`cell` with the weights of `layer`; z turns round, since σ(-a) = 1 - σ(a): z = 1 keeps the state instead of replacing it."""
    other = layer_of(cell, {})
    for name in other.params:
        other.params[name][...] = layer.params[name] * (-1 if name.endswith("_z") else 1) if name in layer.params else 0
    return other


def in_pytorch(layer, x):
    """Outputs of nn.GRU with the weights of the lectures' `layer`."""
    module = peer("gru_reset_after", turned(layer, "gru_reset_after"))
    return module(torch.from_numpy(x))[0].detach().numpy()


def test_chos_differs_from_the_lectures_in_the_sense_of_the_update_gate_alone(lectures, x):
    np.testing.assert_allclose(turned(lectures, "gru_cho")(x)[0], lectures(x)[0], rtol=0, atol=TOLERANCE)


def test_pytorchs_and_the_lectures_are_two_cells(lectures, x):
    ours, theirs = lectures(x)[0], in_pytorch(lectures, x)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=0, atol=TOLERANCE)  # the state is zero: nothing to reset
    assert (np.abs(ours[1:] - theirs[1:]).max(axis=(1, 2)) > 1e-3).all()


def test_they_agree_where_the_reset_gate_may_change_places_with_the_product(lectures, x):
    """U (r * h) = r * (U h) for a diagonal U."""
    weight = lectures.params["l0.U_n"]
    weight[...] = np.diag(np.diag(weight))
    np.testing.assert_allclose(lectures(x)[0], in_pytorch(lectures, x), rtol=0, atol=TOLERANCE)
