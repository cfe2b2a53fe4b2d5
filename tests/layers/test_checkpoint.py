"""`checkpoint`: what it means for a layer, whatever the engine."""

import copy
import pickle

import numpy as np
import pytest

import rnncc
from rnncc.errors import ArgumentError
from rnncc.runtime import chunks

LENGTHS = [2, 11, 0, 7]


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch):
    monkeypatch.setattr(chunks, "ROWS", 8)


def cotangents(rng, y, finals):
    return rng.standard_normal(y.shape), {k: rng.standard_normal(v.shape) for k, v in finals.items()}


def assert_same(found, expected):
    """Sums over time are cut otherwise by the interpreter: some tens of terms of order one, each rounded to 1.1e-16."""
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    "keywords", [{"bidirectional": True}, {"bidirectional": False}, {"dropout": 0.5}, {"batch_first": True}], ids=str
)
@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("every", [1, 3, 100])
def test_gradients_are_those_without(class_of, rng, keywords, lengths, every):
    layer = class_of("mixed")(3, 5, 3, dtype="float64", seed=1, proj=4, control=2, **keywords)
    shape = (4, 11) if "batch_first" in keywords else (11, 4)
    x = {"x": rng.standard_normal((*shape, 3)), "u": rng.standard_normal((*shape, 2))}
    (y, finals), pullback = layer.vjp(x, lengths=lengths, key=3)
    (y_2, finals_2), pullback_2 = layer.vjp(x, lengths=lengths, key=3, checkpoint=every)
    seeds = cotangents(rng, y, finals)
    g, g_2 = pullback(*seeds), pullback_2(*seeds)
    again = pullback_2(*seeds)
    np.testing.assert_array_equal(y, y_2)
    np.testing.assert_array_equal(finals["h"], finals_2["h"])
    for name in g.x:
        assert_same(g_2.x[name], g.x[name])
    assert_same(g_2.state["h"], g.state["h"])
    for name in g.params:
        assert_same(g_2.params[name], g.params[name])
        np.testing.assert_array_equal(again.params[name], g_2.params[name])


def test_of_no_steps_no_rows_and_no_batch(class_of, rng):
    layer = class_of("lstm")(3, 5, dtype="float64", seed=1, checkpoint=2)
    for shape in [(0, 4, 3), (11, 0, 3), (11, 3)]:
        x = rng.standard_normal(shape)
        (y, _), pullback = layer.vjp(x)
        assert y.shape == (*shape[:-1], 5)
        assert pullback(y).x.shape == x.shape


def test_the_pullback_belongs_to_the_values_of_its_call(class_of, rng):
    layer = class_of("lstm")(3, 5, 2, bidirectional=True, dtype="float64", seed=1, checkpoint=3)
    x, state = rng.standard_normal((11, 4, 3)), {k: rng.standard_normal((4, 4, 5)) for k in "hc"}
    (y, finals), pullback = layer.vjp(x, state)
    dy = rng.standard_normal(y.shape)
    before = pullback(dy)
    for array in (x, y, *state.values(), *finals.values(), *layer.params.values(), before.x, *before.params.values()):
        array[...] = np.nan
    again = pullback(dy)
    assert np.isfinite(again.x).all()
    assert all(np.isfinite(g).all() for g in again.params.values())


def test_a_call_may_choose_otherwise(rng):
    layer = rnncc.RNN("lstm", 3, 5, dtype="float64", seed=1, checkpoint=2)
    x = rng.standard_normal((40, 4, 3))
    kept = {every: layer.vjp(x, checkpoint=every)[1].nbytes for every in (None, 2, 20, 40)}
    assert kept[None] == kept[2] < kept[20] < kept[40]


def test_evaluation_knows_no_checkpoint(class_of, rng):
    x = rng.standard_normal((40, 4, 3))
    one, other = (class_of("lstm")(3, 5, dtype="float64", seed=1, checkpoint=every) for every in (None, 2))
    np.testing.assert_array_equal(one(x)[0], other(x)[0])


@pytest.mark.parametrize(
    ("every", "message"),
    [
        (0, "checkpoint=0; expected a whole number of at least 1"),
        (-3, "checkpoint=-3; expected a whole number of at least 1"),
        (2.0, "checkpoint=2.0 is a float; expected a whole number of at least 1"),
        (True, "checkpoint=True is a bool"),
        ("sqrt", "checkpoint='sqrt' is a str"),
    ],
)
def test_what_is_no_number_of_steps(class_of, every, message):
    with pytest.raises(ArgumentError, match=message):
        class_of("lstm")(3, 5, checkpoint=every)
    layer = class_of("lstm")(3, 5)
    with pytest.raises(ArgumentError, match=message):
        layer.vjp(np.zeros((4, 2, 3), np.float32), checkpoint=every)


def test_it_is_said_copied_and_pickled():
    layer = rnncc.RNN("lstm", 3, 5, seed=1, checkpoint=256)
    assert repr(layer) == "LSTM(3, 5, num_layers=1, checkpoint=256, dtype='float32', seed=1)"
    assert "checkpoint   states every 256 steps" in layer.explain()
    assert "checkpoint" not in rnncc.RNN("lstm", 3, 5, seed=1).explain()
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert repr(twin) == repr(layer)
