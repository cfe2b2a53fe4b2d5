"""Random masks of a cell: what is drawn, when, and that kernels and gradients use it."""

import copy
import math
from types import SimpleNamespace

import numpy as np
import pytest

from rnncc.errors import ArgumentError
from rnncc.runtime import chunks
from tests.layers.drawn import drawn, over_time
from tests.references.layers import layers, results

KEY = 5
LENGTHS = [2, 11, 0, 7]
STEPS, ROWS = 11, 4
RATE = {"m": 0.4, "s": 0.25, "q": 0.25}


def make(class_of, layers=2, **keywords):
    return class_of("masked")(3, 5, layers, **({"dtype": "float64", "seed": 1} | keywords))


def step(x, state, params, m, s, q):
    h = state["h"]
    x_in, h_in = x["x"] * (1 - s) / 0.75, h * (1 - q) / 0.75
    h_hat = (x_in @ params["W"].T + h_in @ params["U"].T + params["b"]).tanh()
    h = m * h + (1 - m) * h_hat
    return h, {"h": h}


def call_of(layer, rng, lengths):
    state = {"h": rng.standard_normal((len(layer._store.geometry.places), ROWS, 5))}
    dstate = {"h": rng.standard_normal(state["h"].shape)}
    dy = rng.standard_normal((STEPS, ROWS, layer.output_size))
    return SimpleNamespace(x=rng.standard_normal((STEPS, ROWS, 3)), state=state, dy=dy, dstate=dstate, lengths=lengths)


def found_by(layer, call, **keywords):
    (y, finals), pullback = layer.vjp(call.x, call.state, call.lengths, key=KEY, **keywords)
    g = pullback(call.dy, call.dstate)
    states = {"h_T": finals["h"], "d_h_0": g.state["h"]}
    return {"y": y, "d_x": g.x, **states, **{f"d_{name}": value for name, value in g.params.items()}}


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_gradients_are_those_of_pytorch_with_the_same_masks(class_of, rng, lengths, bidirectional):
    layer = make(class_of, bidirectional=bidirectional)
    call = call_of(layer, rng, lengths)
    masks = over_time(layer, KEY, STEPS, ROWS)
    expected = results(lambda p, x, state: layers(step, p, x, state, lengths, masks=masks), layer.params, call)
    for name, value in found_by(layer, call).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-11, atol=1e-12, err_msg=name)


def test_an_evaluation_reads_the_expectation(class_of, rng):
    layer = make(class_of)
    call = call_of(layer, rng, LENGTHS)
    y, finals = layer(call.x, call.state, LENGTHS)
    found = found_by(layer, call, train=False)
    np.testing.assert_allclose(found["y"], y, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(found["h_T"], finals["h"], rtol=1e-13, atol=1e-14)
    assert layer._keys.upcoming == 0


def test_key_settles_the_masks_and_none_takes_the_next(class_of, rng):
    layer, twin = make(class_of), make(class_of)
    x = rng.standard_normal((STEPS, ROWS, 3))
    runs = [layer.vjp(x)[0][0] for _ in range(2)]
    assert (runs[0] != runs[1]).any()
    np.testing.assert_array_equal(twin.vjp(x, key=1)[0][0], runs[1])
    np.testing.assert_array_equal(copy.deepcopy(layer).vjp(x)[0][0], twin.vjp(x, key=2)[0][0])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_threads_and_checkpoints_change_no_bit(class_of, rng, lengths, bidirectional, monkeypatch):
    monkeypatch.setattr(chunks, "ROWS", 8)
    layer, twin = (make(class_of, bidirectional=bidirectional, threads=threads) for threads in (1, 2))
    call = call_of(layer, rng, lengths)
    expected = found_by(layer, call)
    for found in (found_by(twin, call), found_by(layer, call, checkpoint=3)):
        for name, value in found.items():
            np.testing.assert_allclose(value, expected[name], rtol=1e-11, atol=1e-13, err_msg=name)
            assert name.startswith("d_") or (value == expected[name]).all()


def test_masks_stay_with_their_rows_whatever_the_lengths(class_of, rng):
    layer = make(class_of)
    x = rng.standard_normal((STEPS, ROWS, 3))
    ragged, full = (layer.vjp(x, lengths=lengths, key=KEY)[0][0] for lengths in (LENGTHS, None))
    for row, length in enumerate(LENGTHS):
        np.testing.assert_allclose(ragged[:length, row], full[:length, row], rtol=1e-13, atol=1e-13)


def test_share_of_ones(class_of):
    layer = class_of("masked")(64, 64, 2, bidirectional=True, seed=1)
    places = drawn(layer, KEY, 50, 32, "float32")
    for masks in places.values():
        for name, mask in masks.items():
            assert set(np.unique(mask)) == {0, 1}
            deviation = math.sqrt(RATE[name] * (1 - RATE[name]) / mask.size)
            assert abs(mask.mean() - RATE[name]) < 4 * deviation
    assert places["l0"]["m"].shape == (50, 32, 64)
    assert places["l0"]["q"].shape == (32, 64)
    each = [masks["m"] for masks in places.values()] + [np.stack([masks["q"]] * 50) for masks in places.values()]
    assert not any((a == b).all() for k, a in enumerate(each) for b in each[:k])


def test_a_rate_is_a_constant(class_of, rng):
    layer = make(class_of, 1)
    x = rng.standard_normal((STEPS, ROWS, 3))
    layer.constants["dropped"] = 0.0
    masks = drawn(layer, KEY, STEPS, ROWS)["l0"]
    assert not masks["s"].any()
    before = layer.vjp(x, key=KEY)[0][0]
    layer.constants["dropped"] = 0.5
    assert (layer.vjp(x, key=KEY)[0][0] != before).any()
    with pytest.raises(ArgumentError, match=r"dropped=1\.5; expected a probability from 0 up to, but not, 1"):
        layer.constants["dropped"] = 1.5
    with pytest.raises(ArgumentError, match="dropped=-1"):
        make(class_of, dropped=-1)
