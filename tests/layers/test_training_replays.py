"""Small calls in training that are made again: the same bits as the first time, whatever has changed in between; callers at once."""

import copy
import threading

import numpy as np
import pytest

from rnncc.errors import ArgumentError, ShapeError
from rnncc.runtime.replay_cost import Cost
from rnncc.runtime.training_replay import TrainingReplay

pytestmark = pytest.mark.parametrize("class_of", ["kernels"], indirect=True)
SHAPES = [(1, 1), (6, 4), (3, 9)]
"""(T, N): products of the input ahead of the loop, and in it."""


@pytest.fixture
def runs(monkeypatch):
    """How many calls were replayed."""
    found, real = [], TrainingReplay.forward

    def counted(self, x, state, weights):
        found.append(x.shape)
        return real(self, x, state, weights)

    monkeypatch.setattr(TrainingReplay, "forward", counted)
    return found


def plain(layer, x, dy, state=None, dstate=None):
    """What the layer gives without replays."""
    twin = copy.deepcopy(layer)
    twin.__dict__["_training_replays"] = None
    result, pullback = twin.vjp(x, state)
    return result, pullback(dy, dstate)


def arrays(result, g):
    (y, state), gradients = result, {"x": g.x} | g.params
    return {"y": y} | state | gradients | {f"d {name}": array for name, array in g.state.items()}


def expect_same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in found.items():
        assert (array.shape, array.dtype) == (expected[name].shape, expected[name].dtype), name
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def drawn(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman"])
@pytest.mark.parametrize("hidden", [11, 16])
@pytest.mark.parametrize(("steps", "rows"), SHAPES)
def test_the_second_call_is_replayed_with_the_same_bits(class_of, rng, runs, shared, cell, hidden, steps, rows):
    layer, state, dstate = class_of(cell)(3, hidden, 2, threads=2, seed=1), None, None
    params = layer.params
    for k in range(6):
        x, dy = drawn(rng, steps, rows, 3), drawn(rng, steps, rows, hidden)
        result, pullback = layer.vjp(x, state)
        expected = plain(layer, x, dy, state, dstate)
        expect_same(arrays(result, pullback(dy, dstate)), arrays(*expected))
        assert len(runs) == k
        for p in params.values() if k % 2 else ():
            p += drawn(rng, *p.shape)
        if k > 1:
            state, dstate = result[1], expected[1].state


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize(("cell", "layers", "hidden"), [("lstm", 2, 16), ("gru", 4, 11), ("elman", 3, 8)])
def test_layers_at_different_times_have_the_same_bits(class_of, rng, runs, shared, monkeypatch, cell, layers, hidden, threads):
    """Segments of 12 steps, the last one shorter; states, cotangents of states and changed parameters are taken on."""
    monkeypatch.setattr(Cost, "waves", lambda self, threads: True)
    monkeypatch.setattr(Cost, "threads", lambda self, most: most)
    layer, state, dstate = class_of(cell)(3, hidden, layers, threads=threads, seed=1), None, None
    params = layer.params
    for k in range(4):
        x, dy = drawn(rng, 41, 2, 3), drawn(rng, 41, 2, hidden)
        result, pullback = layer.vjp(x, state)
        expected = plain(layer, x, dy, state, dstate)
        for _ in range(2):
            expect_same(arrays(result, pullback(dy, dstate)), arrays(*expected))
        assert len(runs) == k
        for p in params.values():
            p += 0.1 * drawn(rng, *p.shape)
        state, dstate = result[1], expected[1].state


def test_without_biases_and_cotangents(class_of, rng, runs):
    layer, x = class_of("lstm")(3, 5, bias=False, seed=1), drawn(rng, 2, 2, 3)
    for _ in range(3):
        result, pullback = layer.vjp(x)
        expect_same(arrays(result, pullback(None)), arrays(*plain(layer, x, None)))
    assert len(runs) == 2


def test_pullbacks_belong_to_their_calls(class_of, rng, runs):
    """However many there are at once, in any order, again and again, when parameters have changed, and as copies."""
    layer = class_of("lstm")(3, 5, seed=1)
    params, calls = layer.params, []
    for _ in range(5):
        x, dy = drawn(rng, 2, 2, 3), drawn(rng, 2, 2, 5)
        calls.append((dy, arrays(*plain(layer, x, dy)), *layer.vjp(x)))
        params["l0.U_i"][...] += 1
    assert 0 < len(runs) < 4
    calls += [(dy, expected, result, copy.copy(pullback)) for dy, expected, result, pullback in calls[1:3]]
    for dy, expected, result, pullback in calls + calls[::-1]:
        expect_same(arrays(result, pullback(dy)), expected)


def test_a_replay_is_taken_up_again_when_its_pullback_is_gone(class_of, rng, runs):
    layer, x = class_of("lstm")(3, 5, seed=1), drawn(rng, 2, 2, 3)
    for _ in range(9):
        _, pullback = layer.vjp(x)
    assert len(runs) == 8
    assert pullback.nbytes > 0


def test_results_are_the_callers(class_of, rng):
    layer, x, dy = class_of("lstm")(3, 5, seed=1), drawn(rng, 1, 2, 3), drawn(rng, 1, 2, 5)
    expected = plain(layer, x, dy)
    for _ in range(3):
        result, pullback = layer.vjp(x)
        found = arrays(result, pullback(dy))
        expect_same(found, arrays(*expected))
        for array in found.values():
            array[...] = np.nan
        expect_same(arrays(expected[0], pullback(dy)), arrays(*expected))


def test_constants_that_change_are_seen(class_of, rng):
    layer, x, dy = class_of("cornn")(3, 5, seed=1), drawn(rng, 2, 2, 3), drawn(rng, 2, 2, 5)
    for value in (0.5, 0.5, 0.25, 0.25, 0.5):
        layer.constants["gamma"] = value
        result, pullback = layer.vjp(x)
        expect_same(arrays(result, pullback(dy)), arrays(*plain(layer, x, dy)))


def test_callers_at_once(class_of, rng, shared):
    layer, dy = class_of("gru")(3, 17, seed=1, threads=2), drawn(rng, 5, 2, 17)
    xs = drawn(rng, 6, 5, 2, 3)
    expected = [arrays(*plain(layer, x, dy)) for x in xs]
    shared = [layer.vjp(x) for x in xs]
    wrong = []

    def call(k):
        for j in range(100):
            result, pullback = shared[(j + k) % 6] if j % 2 else layer.vjp(xs[(j + k) % 6])
            found = arrays(result, pullback(dy))
            wrong.extend(name for name, array in found.items() if not np.array_equal(array, expected[(j + k) % 6][name]))

    callers = [threading.Thread(target=call, args=(k,)) for k in range(6)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    assert not wrong


def test_bad_arguments_are_told(class_of, rng):
    layer, x = class_of("lstm")(3, 5, seed=1), drawn(rng, 1, 2, 3)
    for _ in range(3):
        result, pullback = layer.vjp(x)
        with pytest.raises(ShapeError, match="dy"):
            pullback(np.zeros((1, 2, 4), np.float32))
        with pytest.raises(ArgumentError, match="dstate"):
            pullback(result[0], {"q": result[0]})
        with pytest.raises(ArgumentError, match="c missing"):
            layer.vjp(x, {"h": result[1]["h"]})
        with pytest.raises(ArgumentError, match="train"):
            layer.vjp(x, train=None)


@pytest.mark.parametrize(
    "keywords",
    [{"bidirectional": True}, {"batch_first": True}, {"residual": True}, {"checkpoint": 1}, {"truncate": 1}, {"dropout": 0.5}],
)
def test_other_layers_are_not_replayed(class_of, runs, keywords):
    layer = class_of("elman")(5, 5, 2, **keywords)
    for _ in range(3):
        layer.vjp(np.zeros((2, 3, 5), np.float32))
    assert not runs


def test_other_calls_are_not_replayed(class_of, runs):
    layer, x = class_of("elman")(3, 5), np.zeros((2, 3, 3), np.float32)
    for _ in range(3):
        layer.vjp(x, lengths=[1, 2, 2])
        layer.vjp(x, checkpoint=1)
        layer.vjp(x[:, 0])
        layer.vjp(np.zeros((50, 4000, 3), np.float32))
    assert not runs
