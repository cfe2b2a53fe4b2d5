import copy
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rnncc
import tests.interpreter_engine

ROOT = Path(__file__).parents[2]


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


def test_pickle_of_a_layer_made_by_its_cell(x):
    layer = rnncc.RNN("elman", 3, 5, phi="relu", seed=1)
    twin = pickle.loads(pickle.dumps(layer))
    assert twin.cell.options["phi"] == "relu"
    same(layer, twin, x)
    same(layer, pickle.loads(pickle.dumps(copy.deepcopy(twin))), x)


def test_pickle_is_read_by_another_process(x, tmp_path):
    layer = rnncc.RNN("elman", 3, 5, phi="relu", seed=1)
    (tmp_path / "layer").write_bytes(pickle.dumps((layer, x, layer(x)[0])))
    code = (
        "import pickle, sys; layer, x, y = pickle.load(open(sys.argv[1], 'rb')); print(type(layer).__name__, (layer(x)[0] == y).all())"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "layer")]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "Elman True"
