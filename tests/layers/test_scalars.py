"""Parameters without units keep the shape () on their way out: as gradients, and in files."""

import numpy as np
import pytest

from rnncc import catalogue
from tests.interpreter_engine import InterpreterModule


@pytest.fixture(scope="module")
def layer():
    return InterpreterModule(catalogue.find("fastgrnn"), {}, {}).layer()(3, 4, dtype="float64", threads=1, seed=0)


def test_gradients_have_the_shapes_of_parameters(layer):
    (y, _), pullback = layer.vjp(np.ones((3, 2, 3)))
    found = pullback(y).params
    assert {name: g.shape for name, g in found.items()} == {name: view.shape for name, view in layer.params.items()}
    assert found["l0.zeta"].shape == ()


def test_a_file_has_them_as_they_are(layer, tmp_path):
    layer.params["l0.zeta"][...] = 0.5
    layer.save(tmp_path / "w.safetensors")
    layer.params["l0.zeta"][...] = 0.25
    layer.load(tmp_path / "w.safetensors")
    assert layer.params["l0.zeta"] == 0.5
