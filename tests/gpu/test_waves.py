"""Layers of a stack as waves on a device: the values of layers in turn, the same bits every time, in a CUDA graph too, and sooner."""

import numpy as np
import pytest

import rnncc
from rnncc.runtime.cuda import waves
from tests.gpu.elapsed import elapsed

pytestmark = pytest.mark.gpu
T, N, INPUTS, H, L = 1000, 16, 64, 256, 4
TOLERANCE = 1e-9
"""Of the largest value, in float64: products of whole segments, added up in another order and carried through T steps and L layers."""


@pytest.fixture
def chosen(monkeypatch):
    """Into how many segments time was cut, as often as that was asked."""
    found, segments_of = [], waves.segments_of

    def noted(*arguments):
        found.append(segments_of(*arguments))
        return found[-1]

    monkeypatch.setattr(waves, "_known", {})
    monkeypatch.setattr(waves, "segments_of", noted)
    return found


def in_turn(monkeypatch):
    monkeypatch.setattr(waves, "_known", {})
    monkeypatch.setattr(waves, "segments_of", lambda *_: 1)


def drawn(cupy, units, dtype):
    return cupy.asarray(np.random.default_rng(0).normal(size=(T, N, units)).astype(dtype))


def results(layer, x):
    """A call, a call in training, and its gradients, by name."""
    y, state = layer(x)
    (trained, last), pull = layer.vjp(x, key=3)
    g = pull(trained, last)
    return {"y": y, "trained": trained, "x": g.x, **state} | {f"d_{k}_0": v for k, v in g.state.items()} | g.params


def expect_close(cupy, found, expected):
    for name, value in expected.items():
        cupy.testing.assert_allclose(found[name], value, rtol=0, atol=TOLERANCE * float(abs(value).max()), err_msg=name)


@pytest.mark.parametrize(("cell", "settings"), [("lstm", {"dropout": 0.3}), ("gru", {}), ("sru", {"residual": True})], ids=str)
def test_as_with_layers_in_turn(cupy, chosen, monkeypatch, cell, settings):
    layer = rnncc.RNN(cell, H, H, L, device="cuda", dtype="float64", seed=1, **settings)
    if cell == "sru":
        monkeypatch.setattr(waves, "segments_of", lambda *_: 3)  # however soon its steps are done
    x = drawn(cupy, H, "float64")
    found = results(layer, x)
    assert cell == "sru" or min(chosen) > 1
    for _ in range(20):
        for name, value in results(layer, x).items():
            cupy.testing.assert_array_equal(value, found[name], err_msg=name)
    in_turn(monkeypatch)
    expect_close(cupy, found, results(layer, x))


def test_in_a_graph(cupy, chosen, monkeypatch):
    """Taken down once, launched with other inputs."""
    layer = rnncc.RNN("lstm", INPUTS, H, L, device="cuda", dtype="float64", seed=1)
    first = drawn(cupy, INPUTS, "float64")
    second, given = first[::-1].copy(), first.copy()
    with monkeypatch.context() as turn:
        in_turn(turn)
        expected = [results(layer, x) for x in (first, second)]
    cupy.cuda.Device().synchronize()
    with cupy.cuda.Stream(non_blocking=True) as stream:
        results(layer, given)  # compiled, and everything asked and packed
        assert min(chosen) > 1
        stream.synchronize()
        stream.begin_capture()
        found = results(layer, given)
        graph = stream.end_capture()
        for x, values in zip((first, second), expected, strict=True):
            given[...] = x
            graph.launch()
            stream.synchronize()
            expect_close(cupy, found, values)


def test_sooner_where_they_are_chosen(cupy, chosen, monkeypatch):
    layer = rnncc.RNN("lstm", INPUTS, H, L, device="cuda", seed=1)
    x = drawn(cupy, INPUTS, "float32")

    found = elapsed(cupy, layer, x)
    assert min(chosen) > 1
    in_turn(monkeypatch)
    assert found < elapsed(cupy, layer, x)
