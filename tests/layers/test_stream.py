import numpy as np
import pytest

from rnncc.errors import ArgumentError, DtypeError, ShapeError


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
