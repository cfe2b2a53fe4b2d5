"""Both directions of a layer at once on a device: the same bits as in turn, and the same values in a CUDA graph."""

import numpy as np
import pytest

import rnncc

pytestmark = pytest.mark.gpu
T, N, INPUTS, H = 200, 16, 64, 256


def test_two_directions_at_once(cupy, monkeypatch):
    layer = rnncc.RNN("lstm", INPUTS, H, bidirectional=True, device="cuda", seed=1)
    x = cupy.asarray(np.random.default_rng(0).normal(size=(T, N, INPUTS)).astype(np.float32))
    y, state = layer(x)
    (_, _), pull = layer.vjp(x)
    g = pull(y)
    cupy.cuda.Device().synchronize()
    with cupy.cuda.Stream(non_blocking=True) as stream:
        layer(x)  # compiled, and its memory is at hand
        stream.begin_capture()
        captured = layer(x)[0]
        graph = stream.end_capture()
        graph.launch()
        stream.synchronize()
    cupy.testing.assert_allclose(captured, y, rtol=0, atol=(INPUTS + H) * np.finfo(np.float32).eps)  # cuBLAS may choose another way
    monkeypatch.setattr(type(layer).stack, "_each", lambda _self, works: [work() for work in works])
    again, finals = layer(x)
    cupy.testing.assert_array_equal(again, y)
    cupy.testing.assert_array_equal(finals["c"], state["c"])
    expected = layer.vjp(x)[1](y)
    for name, value in expected.params.items():
        cupy.testing.assert_array_equal(g.params[name], value)
