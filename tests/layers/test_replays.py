"""Small calls that are made again: the same bits as the first time, whatever has changed in between, for callers at once."""

import multiprocessing
import os
import pickle
import threading

import numpy as np
import pytest

from rnncc.errors import ArgumentError, ShapeError
from rnncc.runtime.replay import Replay
from rnncc.runtime.replay_cost import Cost

pytestmark = pytest.mark.parametrize("class_of", ["kernels"], indirect=True)
needs_fork = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
SHAPES = [(1, 1), (1, 40), (6, 4), (3, 9)]
"""(T, N): one step by one thread and by several, few rows and more."""


@pytest.fixture
def runs(monkeypatch):
    """How many calls were replayed."""
    found, real = [], Replay.__call__

    def counted(self, x, state=None):
        found.append(x.shape)
        return real(self, x, state)

    monkeypatch.setattr(Replay, "__call__", counted)
    return found


def plain(layer, x, monkeypatch, state=None):
    """What the layer gives without replays."""
    with monkeypatch.context() as patch:
        patch.setitem(layer.__dict__, "_replays", None)
        return layer(x, state)


def expect_same(found, expected):
    np.testing.assert_array_equal(found[0], expected[0])
    assert found[1].keys() == expected[1].keys()
    for name, state in found[1].items():
        np.testing.assert_array_equal(state, expected[1][name])


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman"])
@pytest.mark.parametrize(("steps", "rows"), SHAPES)
def test_the_second_call_is_replayed_with_the_same_bits(class_of, rng, runs, shared, monkeypatch, cell, steps, rows):
    layer = class_of(cell)(3, 11, 2, threads=2, seed=1)
    for k in range(4):
        x = rng.standard_normal((steps, rows, 3)).astype("float32")
        expect_same(layer(x), plain(layer, x, monkeypatch))
        assert len(runs) == k


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize(("cell", "layers", "residual"), [("lstm", 2, False), ("gru", 4, True), ("elman", 3, True)])
def test_layers_at_different_times_have_the_same_bits(class_of, rng, runs, shared, monkeypatch, cell, layers, residual, threads):
    """Segments of 12 steps, the last one shorter; a state is taken on."""
    monkeypatch.setattr(Cost, "waves", lambda self, threads: True)
    monkeypatch.setattr(Cost, "threads", lambda self, most: most)
    layer = class_of(cell)(11, 11, layers, threads=threads, residual=residual, seed=1)
    state = None
    for k in range(5):
        x = rng.standard_normal((41, 2, 11)).astype("float32")
        found = layer(x, state)
        expect_same(found, plain(layer, x, monkeypatch, state))
        assert len(runs) == k
        state = found[1]


@pytest.mark.parametrize(("steps", "rows"), SHAPES)
def test_a_call_may_begin_with_a_state(class_of, rng, runs, monkeypatch, steps, rows):
    layer = class_of("lstm")(3, 11, 2, threads=2, seed=1)
    x, state = rng.standard_normal((steps, rows, 3)).astype("float32"), None
    for k in range(4):
        found = layer(x, state)
        expect_same(found, plain(layer, x, monkeypatch, state))
        assert len(runs) == k
        state = found[1]


def test_a_call_without_a_state_begins_anew(class_of, rng, runs, monkeypatch):
    layer, x = class_of("lstm")(3, 11, 2, seed=1), rng.standard_normal((1, 2, 3)).astype("float32")
    state = layer(x)[1]
    for given in (None, state, None, None, state, state, None):
        expect_same(layer(x, given), plain(layer, x, monkeypatch, given))
    assert len(runs) == 7


def test_a_state_that_does_not_fit_is_told(class_of):
    layer, x = class_of("lstm")(3, 5, seed=1), np.zeros((1, 2, 3), np.float32)
    state = layer(x)[1]
    layer(x, state)
    with pytest.raises(ArgumentError, match="c missing"):
        layer(x, {"h": state["h"]})
    with pytest.raises(ShapeError, match="state"):
        layer(x, state | {"h": state["h"][:, :1]})
    wide = {name: array.astype(">f4") for name, array in state.items()}
    expect_same(layer(x, wide), layer(x, state))


def test_parameters_and_constants_that_change_are_seen(class_of, rng, monkeypatch):
    layer = class_of("lstm")(3, 5, seed=1)
    x, params = rng.standard_normal((1, 2, 3)).astype("float32"), layer.params
    for k in range(6):
        if k % 2:
            params["l0.U_i"][...] += 1
        expect_same(layer(x), plain(layer, x, monkeypatch))


def test_results_are_the_callers(class_of, rng):
    layer = class_of("lstm")(3, 5, seed=1)
    x = rng.standard_normal((1, 2, 3)).astype("float32")
    layer(x)
    y, state = layer(x)
    kept = y.copy()
    layer(2 * x)
    np.testing.assert_array_equal(y, kept)
    y[...] = state["h"][...] = np.nan
    assert np.isfinite(layer(x)[0]).all()


@pytest.fixture
def exchanged(monkeypatch):
    """Outputs that are written where the caller has them; nothing of a former call stands there."""
    found = []

    def empty(shape, dtype):
        found.append(np.full(shape, np.nan, dtype))
        return found[-1]

    monkeypatch.setattr("rnncc.runtime.exchange.empty", empty)
    return found


@pytest.mark.parametrize(("cell", "hidden", "layers"), [("lstm", 64, 1), ("gru", 65, 2), ("elman", 64, 2), ("indrnn", 65, 1)])
def test_large_outputs_are_written_where_the_caller_has_them(class_of, rng, shared, monkeypatch, exchanged, cell, hidden, layers):
    """Inputs are read where they lie, or copied where they are no plain arrays; what was given before stays as it was."""
    layer = class_of(cell)(hidden, hidden, layers, seed=1, threads=2)
    wide = rng.standard_normal((80, 6, 2 * hidden)).astype("float32")
    xs = (wide[..., :hidden], wide[..., hidden:].copy(), wide[::-1, :, :hidden], wide[..., hidden:].copy(), wide[..., hidden:])
    results = [(layer(x), plain(layer, x, monkeypatch)) for x in xs]
    for found, expected in results:
        expect_same(found, expected)
    assert len(exchanged) == 4


def test_small_outputs_are_copied(class_of, rng, runs, exchanged):
    layer = class_of("lstm")(3, 5, seed=1)
    for _ in range(3):
        layer(rng.standard_normal((7, 2, 3)).astype("float32"))
    assert len(runs) == 2
    assert not exchanged


@pytest.mark.parametrize(("steps", "hidden"), [(5, 17), (160, 64)])
def test_callers_at_once(class_of, rng, shared, steps, hidden):
    """Of small outputs and of large ones, which each has written where it gets it."""
    layer = class_of("gru")(3, hidden, seed=1, threads=2)
    xs = rng.standard_normal((8, steps, 2, 3)).astype("float32")
    expected = [layer(x)[0] for x in xs]
    wrong = []

    def call(k):
        wrong.extend(k for _ in range(1000 // steps) if not np.array_equal(layer(xs[k])[0], expected[k]))

    callers = [threading.Thread(target=call, args=(k,)) for k in range(8)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    assert not wrong


def test_other_calls_are_not(class_of, rng, runs):
    """Lengths, a layout of one's own, two directions, much that goes in and out."""
    x = rng.standard_normal((2, 3, 3)).astype("float32")
    layer, both, first = class_of("lstm")(3, 5), class_of("lstm")(3, 5, bidirectional=True), class_of("lstm")(3, 5, batch_first=True)
    large = class_of("elman")(1, 64)
    for _ in range(3):
        layer(x, lengths=[1, 2, 2])
        layer(x[:, 0])
        both(x)
        first(x)
        large(np.zeros((1, 70_000, 1), np.float32))
    assert not runs


def test_a_layer_forgets_shapes_and_travels_without_replays(class_of, rng, runs):
    layer = class_of("lstm")(3, 5, seed=1)
    for rows in (1, 2, 3, 4, 5):
        layer(np.zeros((1, rows, 3), np.float32))
    layer(np.zeros((1, 1, 3), np.float32))
    assert not runs
    layer(np.zeros((1, 1, 3), np.float32))
    assert len(runs) == 1
    twin = pickle.loads(pickle.dumps(layer))
    twin(np.zeros((1, 1, 3), np.float32))
    assert len(runs) == 1


@needs_fork
def test_a_forked_child_has_a_team_of_its_own(class_of, rng, shared):
    layer, x = class_of("lstm")(3, 17, seed=1, threads=2), rng.standard_normal((6, 2, 3)).astype("float32")
    expected = [layer(x)[0] for _ in range(3)][-1]

    def repeat():
        os._exit(int(any(not np.array_equal(layer(x)[0], expected) for _ in range(20))))

    child = multiprocessing.get_context("fork").Process(target=repeat)
    child.start()
    child.join(60)
    child.kill()
    assert child.exitcode == 0
