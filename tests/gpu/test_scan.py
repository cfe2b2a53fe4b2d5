"""Time loops as scans on a device: the same values as one chunk gives, the same bits every time, sooner."""

import numpy as np
import pytest

import rnncc
from rnncc.runtime.cuda import scan
from rnncc.runtime.cuda.device import chip_of
from rnncc.runtime.cuda.plan import chunks_of
from tests.gpu.elapsed import elapsed

pytestmark = pytest.mark.gpu
T, N, INPUTS, H = 1000, 3, 8, 37
LENGTHS = np.array([1000, 0, 431])
CELLS = ("lru", "mingru", "minlstm", "qrnn", "indrnn", "unicornn", "sru", "brc")


def results(cupy, cell, lengths, **settings):
    """Evaluation, training and gradients of a layer over drawn values, by name."""
    layer = rnncc.RNN(cell, INPUTS, H, device="cuda", seed=1, **settings)
    drawn = np.random.default_rng(0).normal(size=(T, N, INPUTS))
    x = cupy.asarray(drawn.astype(settings["dtype"]))
    y, state = layer(x, lengths=lengths)
    (trained, _), pull = layer.vjp(x, lengths=lengths)
    g = pull(cupy.ones_like(y))
    return {"y": y, "trained": trained, "g.x": g.x, **state, **g.params}


@pytest.mark.parametrize("settings", [{}, {"bidirectional": True, "num_layers": 2}], ids=str)
@pytest.mark.parametrize("cell", CELLS)
def test_chunks_give_what_one_chunk_gives(cupy, monkeypatch, cell, settings):
    assert chunks_of(T, N * H, chip_of(cupy)) > 1
    for lengths in (None, LENGTHS):
        found = results(cupy, cell, lengths, dtype="float64", **settings)
        with monkeypatch.context() as once:
            once.setattr(scan, "chunks_of", lambda *_: 1)
            expected = results(cupy, cell, lengths, dtype="float64", **settings)
        for name, value in expected.items():
            largest = max(1.0, float(abs(value).max()))
            cupy.testing.assert_allclose(found[name], value, rtol=0, atol=T * 64 * np.finfo(float).eps * largest, err_msg=name)


@pytest.mark.parametrize("cell", ["lru", "mingru"])
def test_the_same_bits_every_time(cupy, cell):
    first = results(cupy, cell, LENGTHS, dtype="float32")
    for _ in range(20):
        for name, value in results(cupy, cell, LENGTHS, dtype="float32").items():
            cupy.testing.assert_array_equal(value, first[name], err_msg=name)


@pytest.mark.parametrize("cell", ["lru", "mingru"])
def test_chunks_are_sooner_where_they_are_chosen(cupy, monkeypatch, cell):
    layer = rnncc.RNN(cell, 64, 64, device="cuda", seed=1)
    x = cupy.zeros((10_000, 2, 64), np.float32)

    chunked = elapsed(cupy, layer, x)
    monkeypatch.setattr(scan, "chunks_of", lambda *_: 1)
    assert chunked < elapsed(cupy, layer, x)
