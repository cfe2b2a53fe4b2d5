import copy
import pickle

import numpy as np
import pytest

import rnncc
import tests.interpreter_engine


def same(a, b, x):
    np.testing.assert_array_equal(a(x)[0], b(x)[0])
    np.testing.assert_array_equal(a.vjp(x)[0][0], b.vjp(x)[0][0])
    assert repr(a) == repr(b)


@pytest.fixture
def x(rng):
    return rng.standard_normal((6, 4, 3)).astype("float32")


@pytest.fixture
def layer(class_of, x):
    layer = class_of("lstm")(3, 5, 2, bidirectional=True, dropout=0.5, seed=1)
    layer.vjp(x)
    layer.params["l1.U_f"][...] = 0.25
    return layer


def test_deepcopy_is_a_layer_of_its_own(layer, x):
    twin = copy.deepcopy(layer)
    assert type(twin) is type(layer)
    same(layer, twin, x)
    twin.params["l1.U_f"][...] = 0
    assert (layer.params["l1.U_f"] == 0.25).all()


def test_deepcopy_of_constants(class_of):
    layer = class_of("mixed")(3, 5)
    twin = copy.deepcopy(layer)
    twin.constants["alpha"] = 0.75
    assert layer.constants["alpha"] == 0.5


def test_pickle_of_an_importable_class(layer, x, monkeypatch):
    monkeypatch.setattr(tests.interpreter_engine, "LSTM", type(layer), raising=False)
    twin = pickle.loads(pickle.dumps(layer))
    assert type(twin) is type(layer)
    same(layer, twin, x)
    twin.params["l0.W_i"][...] = 0.5
    assert (twin(x)[0] != layer(x)[0]).any()


def test_pickle_of_a_layer_made_by_its_cell(public, x):
    layer = rnncc.RNN("elman", 3, 5, phi="relu", seed=1)
    twin = pickle.loads(pickle.dumps(layer))
    assert twin.cell.options["phi"] == "relu"
    same(layer, twin, x)
    same(layer, pickle.loads(pickle.dumps(copy.deepcopy(twin))), x)
