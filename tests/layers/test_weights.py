import os

import numpy as np
import pytest
import safetensors.numpy

from rnncc.errors import WeightsError
from rnncc.runtime.atomic import write_atomically


@pytest.fixture
def layer(class_of):
    return class_of("lstm")(3, 5, 2, bidirectional=True, seed=1)


@pytest.fixture
def file(layer, tmp_path):
    path = tmp_path / "w.safetensors"
    layer.save(path)
    return path


def unchanged(layer, seed=1):
    fresh = type(layer)(3, 5, 2, bidirectional=True, seed=seed)
    return all(np.array_equal(v, fresh.params[k]) for k, v in layer.params.items())


def test_what_is_saved_is_loaded(class_of, layer, file):
    other = class_of("lstm")(3, 5, 2, bidirectional=True, seed=2)
    views = dict(other.params)
    other.load(str(file))
    for name, array in layer.params.items():
        np.testing.assert_array_equal(other.params[name], array)
        assert np.shares_memory(views[name], other.params[name])


def test_the_file_is_plain_safetensors(layer, file):
    tensors = safetensors.numpy.load_file(file)
    assert sorted(tensors) == sorted(layer.params)
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 100, 0.5, 0.9, -1])
def test_a_file_cut_off(class_of, file, keep):
    data = file.read_bytes()
    file.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    layer = class_of("lstm")(3, 5, 2, bidirectional=True, seed=2)
    with pytest.raises(WeightsError, match="damaged"):
        layer.load(file)
    assert unchanged(layer, seed=2)


def test_a_file_with_any_byte_flipped(class_of, file, rng):
    data = file.read_bytes()
    layer = class_of("lstm")(3, 5, 2, bidirectional=True, seed=2)
    head = 8 + int.from_bytes(data[:8], "little")
    for at in [*range(8), *rng.integers(8, head, 60), *rng.integers(head, len(data), 60), len(data) - 1]:
        damaged = bytearray(data)
        damaged[at] ^= 1 << int(rng.integers(8))
        file.write_bytes(bytes(damaged))
        with pytest.raises(WeightsError):
            layer.load(file)
    assert unchanged(layer, seed=2)


def test_a_safetensors_file_of_somebody_else(layer, tmp_path):
    path = tmp_path / "other.safetensors"
    safetensors.numpy.save_file({k: np.ascontiguousarray(v) for k, v in layer.params.items()}, path)
    with pytest.raises(WeightsError, match="found no format version none, expected rnncc-weights version 1"):
        layer.load(path)


@pytest.mark.parametrize(
    ("cell", "keywords", "message"),
    [
        ("elman", {}, 'cell: the file has "LSTM", the layer "Elman"'),
        ("lstm", {"hidden_size": 6}, "hidden_size: the file has 5, the layer 6"),
        ("lstm", {"input_size": 4}, r"l0.W_i: the file has shape \(5, 3\), the layer \(5, 4\)"),
        ("lstm", {"num_layers": 3}, "l2.reverse.W_i: missing in the file"),
        ("lstm", {"bidirectional": False}, "l1.reverse.W_i: unknown to the layer"),
        ("lstm", {"bias": False}, "bias: the file has true, the layer false"),
        ("lstm", {"dtype": "float64"}, 'dtype: the file has "float32", the layer "float64"'),
    ],
)
def test_a_file_of_another_layer(class_of, file, cell, keywords, message):
    same = {"input_size": 3, "hidden_size": 5, "num_layers": 2, "bidirectional": True, "seed": 2}
    layer = class_of(cell)(**same | keywords)
    kept = {k: v.copy() for k, v in layer.params.items()}
    with pytest.raises(WeightsError, match=message):
        layer.load(file)
    for name, array in kept.items():
        np.testing.assert_array_equal(layer.params[name], array)


def test_constants_and_options_belong_to_the_file(class_of, tmp_path):
    layer = class_of("mixed")(3, 5, alpha=0.25)
    layer.save(tmp_path / "w")
    layer.load(tmp_path / "w")
    layer.constants["alpha"] = 0.5
    with pytest.raises(WeightsError, match=r"constant alpha: the file has 0.25, the layer 0.5"):
        layer.load(tmp_path / "w")
    class_of("elman", phi="relu")(3, 5).save(tmp_path / "w")
    with pytest.raises(WeightsError, match='option phi: the file has "relu", the layer "tanh"'):
        class_of("elman")(3, 5).load(tmp_path / "w")


def test_a_missing_file_is_the_system_s_error(layer, tmp_path):
    with pytest.raises(FileNotFoundError):
        layer.load(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        layer.save(tmp_path / "none" / "w")


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file(layer, file, monkeypatch, failing):
    before = file.read_bytes()

    def fail(*_args):
        raise OSError("disk full")

    monkeypatch.setattr(os, failing, fail)
    layer.params["l0.W_i"][...] = 1
    with pytest.raises(OSError, match="disk full"):
        layer.save(file)
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == [file.name]


def test_a_write_is_flushed_before_it_is_renamed(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (calls.append("fsync"), fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("replace"), replace(a, b)))
    write_atomically(tmp_path / "f", b"x")
    assert calls[:2] == ["fsync", "replace"]
    assert (tmp_path / "f").read_bytes() == b"x"
