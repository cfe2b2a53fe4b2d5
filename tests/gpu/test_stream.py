"""Step by step on a device: the outputs of a whole sequence, and one step in a CUDA graph that goes on by itself."""

import numpy as np
import pytest

import rnncc

pytestmark = pytest.mark.gpu
T, N, INPUTS, H = 20, 4, 32, 128


def test_steps_and_a_graph_of_one(cupy):
    layer = rnncc.RNN("lstm", INPUTS, H, num_layers=2, device="cuda", seed=1)
    x = cupy.asarray(np.random.default_rng(0).normal(size=(T, N, INPUTS)).astype(np.float32))
    expected, final = layer(x)
    tolerance = T * (INPUTS + H) * np.finfo(np.float32).eps
    stream = layer.stream(N)
    for step, y in zip(x, expected, strict=True):
        cupy.testing.assert_allclose(stream(step), y, rtol=0, atol=tolerance)
    cupy.testing.assert_allclose(stream.state["c"], final["c"], rtol=0, atol=tolerance)
    cupy.cuda.Device().synchronize()
    given = x[0].copy()
    with cupy.cuda.Stream(non_blocking=True) as own:
        stream = layer.stream(N)
        stream(given)
        stream.reset()
        own.begin_capture()
        y = stream(given)
        graph = own.end_capture()
        for step, value in zip(x, expected, strict=True):
            given[...] = step
            graph.launch()
            cupy.testing.assert_allclose(y, value, rtol=0, atol=tolerance)
