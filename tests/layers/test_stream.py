import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

from rnncc.errors import ArgumentError, DtypeError, ShapeError

pytestmark = pytest.mark.parametrize("class_of", ["kernels"], indirect=True)
"""A stream replays machine code, which the interpreter has not."""
WINDOW = str(Path(__file__).parent.parent / "cells" / "window_softmax.py")


@pytest.fixture
def layer(class_of):
    return class_of("lstm")(3, 5, 2, dtype="float64", seed=1)


def test_step_by_step_is_the_whole_sequence(layer, rng):
    x = rng.standard_normal((6, 4, 3))
    y, finals = layer(x)
    stream = layer.stream(4)
    for time in range(6):
        np.testing.assert_allclose(stream(x[time]), y[time], rtol=1e-13, atol=1e-15)
    for name, state in stream.state.items():
        np.testing.assert_allclose(state, finals[name], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("rows", [1, 13])
@pytest.mark.parametrize(("cell", "sizes"), [("gru", (8, 8, 1)), ("lstm", (3, 9, 2)), (WINDOW, (3, 5, 2))])
def test_a_step_has_the_bits_of_a_call(class_of, rng, cell, sizes, rows):
    layer = class_of(cell)(*sizes, threads=2, seed=1)
    stream, state = layer.stream(rows), None
    for x in rng.standard_normal((3, rows, sizes[0])).astype("float32"):
        y, state = layer(x[None], state)
        np.testing.assert_array_equal(stream(x), y[0])
    for name, found in stream.state.items():
        np.testing.assert_array_equal(found, state[name])


def test_an_output_is_the_callers(layer, rng):
    stream, x = layer.stream(4), rng.standard_normal((4, 3))
    first = stream(x)
    kept = first.copy()
    stream(x)
    np.testing.assert_array_equal(first, kept)
    first[...] = np.nan
    assert np.isfinite(stream(x)).all()


@pytest.mark.parametrize("given", [lambda x: x.tolist(), lambda x: x.astype(">f8"), lambda x: np.repeat(x, 2, axis=1)[:, ::2]])
def test_arrays_of_any_layout_mean_the_same(layer, rng, given):
    x = rng.standard_normal((4, 3))
    np.testing.assert_array_equal(layer.stream(4)(given(x)), layer.stream(4)(x))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_goes_its_own_way(layer, rng, copied):
    stream, x = layer.stream(4), rng.standard_normal((2, 4, 3))
    stream(x[0])
    twin, kept = copied(stream), stream.state
    y = twin(x[1])
    for name, state in stream.state.items():
        np.testing.assert_array_equal(state, kept[name])
    np.testing.assert_array_equal(stream(x[1]), y)


def test_a_pickle_is_refused_with_what_to_do(layer):
    with pytest.raises(TypeError, match=r"cannot pickle a stream; pickle its layer and stream\.state"):
        pickle.dumps(layer.stream(4))


def test_of_no_sequences(layer):
    stream = layer.stream(0)
    assert stream(np.zeros((0, 3))).shape == (0, 5)
    assert stream.state["c"].shape == (2, 0, 5)


def test_state_can_be_given_and_taken(layer, rng):
    x, state = rng.standard_normal((1, 4, 3)), {k: rng.standard_normal((2, 4, 5)) for k in "hc"}
    y, finals = layer(x, state)
    stream = layer.stream(4)
    stream(x[0])
    stream.reset(state)
    state["h"][...] = np.nan
    np.testing.assert_allclose(stream(x[0]), y[0], rtol=1e-13, atol=1e-15)
    stream.state["c"][...] = np.nan
    np.testing.assert_allclose(stream.state["c"], finals["c"], rtol=1e-13, atol=1e-15)
    stream.reset()
    assert not any(v.any() for v in stream.state.values())


def test_weights_and_constants_are_those_of_its_making(class_of, rng):
    layer = class_of("mixed")(3, 5, seed=1)
    x = {"x": rng.standard_normal((4, 3)).astype("float32"), "u": rng.standard_normal((4, 2)).astype("float32")}
    stream, twin = layer.stream(4), layer.stream(4)
    y = twin(x)
    layer.params["l0.P"][...] = 0
    layer.constants["alpha"] = 1
    np.testing.assert_array_equal(stream(x), y)
    assert not layer.stream(4)(x).any()


def test_a_step_that_does_not_fit_changes_nothing(layer, rng):
    stream = layer.stream(4)
    stream(rng.standard_normal((4, 3)))
    before = stream.state
    with pytest.raises(ShapeError, match=r"x: found shape \(3, 3\), expected a batch of 4 rows"):
        stream(np.zeros((3, 3)))
    with pytest.raises(ShapeError, match="found shape"):
        stream(np.zeros(3))
    with pytest.raises(DtypeError, match="found float32, expected float64"):
        stream(np.zeros((4, 3), np.float32))
    for name, state in stream.state.items():
        np.testing.assert_array_equal(state, before[name])


def test_no_stream_runs_against_time(class_of):
    with pytest.raises(ArgumentError, match="bidirectional"):
        class_of("lstm")(3, 5, bidirectional=True).stream(1)
    with pytest.raises(ArgumentError, match=r"batch=1\.5"):
        class_of("lstm")(3, 5).stream(1.5)
