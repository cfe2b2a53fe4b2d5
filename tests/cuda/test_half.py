"""Layers of bfloat16: what comes in and goes out, and how far it is from exact."""

import pickle
import sys

import numpy as np
import pytest

from rnncc.errors import ArgumentError, DeviceError, DtypeError
from rnncc.runtime.cuda.arrays import whole_chunks
from rnncc.runtime.cuda.rounding import bfloat16
from rnncc.runtime.frozen import PANELS
from rnncc.runtime.settings import Settings
from tests.cuda import device
from tests.cuda.layers import INPUTS, LENGTHS, H, N, T, drawn
from tests.cuda.words import host

HALF = pytest.importorskip("ml_dtypes").bfloat16
HALF_A_BIT = 2.0**-8
"""By which a number is off once it is rounded to seven bits behind the point."""


def narrow(*shape, seed=0):
    """Numbers of bfloat16, and the same as float32."""
    found = drawn(*shape, seed=seed).astype(HALF)
    return found, found.astype(np.float32)


def off(found, expected):
    """The largest difference, in half bits of what is largest."""
    return np.abs(found.astype(np.float32) - expected).max() / (HALF_A_BIT * max(1, np.abs(expected).max()))


def test_a_call_and_gradients(chip, layers):
    """Operands and results of some ten products in a row are rounded; states and parameters are float32."""
    here, there = layers("lstm", dtype="bfloat16", num_layers=2)
    (x, wide), (dy, wide_dy) = narrow(T, N, INPUTS), narrow(T, N, H, seed=1)
    y, state = here(chip.ndarray(x), None, LENGTHS)
    expected, final = there(wide, None, LENGTHS)
    assert host(y).dtype == HALF
    assert 0 < off(host(y), expected) < 20
    assert host(state["c"]).dtype == np.float32
    assert off(host(state["c"]), final["c"]) < 20
    _, pull = here.vjp(chip.ndarray(x), None, LENGTHS)
    g, g_there = pull(chip.ndarray(dy)), there.vjp(wide, None, LENGTHS)[1](wide_dy)
    assert host(g.x).dtype == HALF
    assert off(host(g.x), g_there.x) < 20
    for name, value in g_there.params.items():
        assert host(g.params[name]).dtype == np.float32
        assert off(host(g.params[name]), value) < 20, name
    panels = [p for env in pull.pullback.stack.weights for p in env[PANELS].made.values() if p.ndim == 4]
    assert {p.dtype.name for p in panels} == {"uint16"}
    assert host(here.trace(chip.ndarray(x), "l1.i")["l1.i"]).dtype == np.float32
    assert pull(None).x is not None


def test_what_is_kept_for_gradients(chip, layers):
    """Three of an LSTM's gates in half the bytes; states, and the gate that the state is multiplied by, in all of theirs."""
    (x, _), bytes_of = narrow(T, N, INPUTS), {}
    here = layers("lstm", dtype="bfloat16")[0]
    (y, _), pull = here.vjp(chip.ndarray(x))
    np.testing.assert_array_equal(host(y).view(np.uint16), host(here(chip.ndarray(x))[0]).view(np.uint16))
    for array in (a for level in pull.pullback.tape for a in level.arrays()):
        if array.shape[:2] in ((T, N), (T + 1, N)) and array.shape[2] == whole_chunks(H):
            bytes_of[array.dtype.name] = bytes_of.get(array.dtype.name, 0) + array.nbytes
    row = N * whole_chunks(H)
    assert bytes_of == {"uint16": 3 * T * row * 2, "float32": T * row * 4 + 2 * (T + 1) * row * 4}


def test_a_state_that_is_kept_for_long(chip, layers):
    """A forget gate that bfloat16 has not, near 1: rounded, the cotangent would be off by a quarter after as many steps."""
    steps, here, there = 256, *layers("lstm", dtype="bfloat16", sizes=(1, 1))
    for layer in (here, there):
        for name in layer.params:
            layer.params[name] = np.full(layer.params[name].shape, 7.0 if name == "l0.b_f" else 0.0, np.float32)
    x, wide = narrow(steps, 1, 1)
    one = np.ones((1, 1, 1), np.float32)
    g = here.vjp(chip.ndarray(x))[1](None, {"c": chip.asarray(one)}).state["c"]
    expected = there.vjp(wide)[1](None, {"c": one}).state["c"]
    assert expected[0, 0, 0] == pytest.approx((1 / (1 + np.exp(-7.0))) ** steps, rel=1e-3)
    assert off(host(g), expected) < 2


def test_only_the_door_is_rounded(chip, layers):
    """What comes out is what a layer of float32 with such weights gives, rounded once."""
    half, single = (layers("lstm", **s)[0] for s in ({"dtype": "bfloat16"}, {"dtype": "float32", "weight_dtype": "bfloat16"}))
    x, wide = narrow(T, N, INPUTS)
    found, expected = half(chip.ndarray(x))[0], single(chip.ndarray(wide))[0]
    np.testing.assert_array_equal(host(found).view(np.uint16), bfloat16(host(expected)))
    stream = half.stream(N)
    first = host(stream(chip.ndarray(x[0])))
    assert first.dtype == HALF
    assert off(first, host(expected)[0]) < 2


def test_tensors(chip, layers, monkeypatch):
    """By their bits: CuPy need not know bfloat16."""
    torch = device.torch(stream=8)
    torch.bfloat16 = HALF
    monkeypatch.setitem(sys.modules, "torch", torch)
    here, _ = layers("lstm", dtype="bfloat16", batch_first=True)
    x, _ = narrow(N, T, INPUTS)
    expected = host(here(chip.ndarray(x))[0])
    y, _ = here(device.Tensor(x, requires_grad=True))
    assert y.host.dtype == HALF
    np.testing.assert_array_equal(y.host.view(np.uint16), expected.view(np.uint16))
    g = here.vjp(device.Tensor(x))[1](y)
    assert g.x.host.dtype == HALF
    assert g.params["l0.U_i"].host.dtype == np.float32
    with pytest.raises(DeviceError, match="x: found an array on cuda:1"):
        here(device.Tensor(x, number=1))


def test_what_is_refused(chip, layers):
    here, _ = layers("lstm", dtype="bfloat16")
    with pytest.raises(DtypeError, match="x: found float32, expected bfloat16"):
        here(chip.asarray(drawn(T, N, INPUTS).astype(np.float32)))
    with pytest.raises(DeviceError, match="x: found an array on the host"):
        here(narrow(T, N, INPUTS)[0])
    with pytest.raises(DtypeError, match="dtype='bfloat16' is for a CUDA device"):
        layers("lstm", dtype="bfloat16", device="cpu")
    with pytest.raises(ArgumentError, match="dtype='bfloat16' says how weights are multiplied, found weight_dtype='bfloat16'"):
        layers("lstm", dtype="bfloat16", weight_dtype="bfloat16")


def test_settings_last(chip, layers):
    here, _ = layers("lstm", dtype=np.dtype(HALF))
    assert "dtype='bfloat16'" in repr(here)
    assert "dtype        bfloat16" in here.explain()
    settings = pickle.loads(pickle.dumps(here._settings))
    assert (settings.bfloat16, settings.dtype, type(settings)) == (True, np.float32, Settings)
    x, _ = narrow(T, N, INPUTS)
    again = type(here).restored(*here.__reduce__()[1])
    np.testing.assert_array_equal(host(again(chip.ndarray(x))[0]).view(np.uint16), host(here(chip.ndarray(x))[0]).view(np.uint16))
