import numpy as np
import pytest

from rnncc.errors import ArgumentError, DeviceError, DtypeError, ShapeError

ZEROS = np.zeros((6, 4, 3), np.float32)


@pytest.fixture
def layer(class_of):
    return class_of("lstm")(3, 5, 2, seed=0)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros((6, 4, 2), np.float32), ShapeError, r"x: found shape \(6, 4, 2\), expected \(T, N, input = 3\): time"),
        (np.zeros((6, 4, 3, 1), np.float32), ShapeError, r"found shape \(6, 4, 3, 1\)"),
        (np.zeros(3, np.float32), ShapeError, r"found shape \(3,\)"),
        (np.float32(1), ShapeError, r"found shape \(\)"),
        (np.zeros((6, 4, 3)), DtypeError, "x: found float64, expected float32; .*, or make the layer with dtype='float64'"),
        (np.zeros((6, 4, 3), np.float16), DtypeError, "found float16, expected float32"),
        (np.zeros((6, 4, 3), int), DtypeError, r"found int64, expected float32; convert with .astype\('float32'\)$"),
        (np.zeros((6, 4, 3), bool), DtypeError, "found bool"),
        (np.zeros((6, 4, 3), complex), DtypeError, "found complex128"),
        ("text", DtypeError, "found <U4"),
        (None, DtypeError, "found object"),
        ([[1.0], [1.0, 2.0]], ShapeError, "x is no array"),
        ({"y": ZEROS}, ArgumentError, "LSTM has no input 'y'; there is x"),
        ({}, ArgumentError, "found the keys none, x missing"),
    ],
)
def test_x_that_does_not_fit(layer, x, error, message):
    for call in (layer, layer.vjp, lambda x: layer.trace(x, "i")):
        with pytest.raises(error, match=message):
            call(x)


def test_shapes_are_named_in_the_order_of_batch_first(class_of):
    with pytest.raises(ShapeError, match=r"expected \(N, T, input = 3\): batch, time, input"):
        class_of("lstm")(3, 5, batch_first=True)(np.zeros((4, 6, 2), np.float32))


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([1, 2, 3], r"lengths: found shape \(3,\), expected \(N = 4,\): one length a sequence"),
        (6, r"found shape \(\)"),
        ([1, 2, 3, 7], "lengths: found 7 at row 3, expected 0 to T = 6"),
        ([1, -1, 3, 6], "found -1 at row 1"),
        ([1.0, 2.0, 3.0, 6.0], "found float64, expected whole numbers"),
        ([True, True, False, True], "found bool, expected whole numbers"),
        (np.array([1, 2, 3, 2**63], np.uint64), "found 9223372036854775808 at row 3"),
    ],
)
def test_lengths_that_do_not_fit(layer, lengths, message):
    with pytest.raises(ShapeError, match=message):
        layer(ZEROS, lengths=lengths)


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.uint64, ">i4", list])
def test_lengths_of_any_whole_kind(layer, kind, rng):
    x = rng.standard_normal((6, 4, 3)).astype(np.float32)
    lengths = np.array([2, 6, 0, 3])
    given = lengths.tolist() if kind is list else lengths.astype(kind)
    np.testing.assert_array_equal(layer(x, lengths=given)[0], layer(x, lengths=lengths)[0])


STATE = {"h": np.zeros((2, 4, 5), np.float32), "c": np.zeros((2, 4, 5), np.float32)}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"c": None}, DtypeError, r"state\['c'\]: found object"),
        ({"d": ZEROS}, ArgumentError, "state: LSTM has no state 'd'"),
        ({"h": np.zeros((1, 4, 5), np.float32)}, ShapeError, r"found shape \(1, 4, 5\), expected \(layers = 2, N = 4, hidden = 5\)"),
        ({"h": np.zeros((2, 5), np.float32)}, ShapeError, r"found shape \(2, 5\)"),
        ({"h": np.zeros((2, 4, 5))}, DtypeError, r"state\['h'\]: found float64, expected float32"),
    ],
)
def test_state_that_does_not_fit(layer, change, error, message):
    for call in (layer, layer.vjp):
        with pytest.raises(error, match=message):
            call(ZEROS, STATE | change)


def test_state_with_a_missing_key(layer):
    with pytest.raises(ArgumentError, match="state: c missing; LSTM carries h, c"):
        layer(ZEROS, {"h": STATE["h"]})


@pytest.mark.parametrize("state", [STATE["h"], (STATE["h"], STATE["c"])])
def test_state_that_is_no_dict(layer, state):
    with pytest.raises(ArgumentError, match="expected a dict with the keys h, c"):
        layer(ZEROS, state)


def test_state_without_batch_says_so(layer):
    with pytest.raises(ShapeError, match=r"expected \(layers = 2, hidden = 5\)"):
        layer(ZEROS[:, 0], STATE)


@pytest.mark.parametrize(
    ("dy", "dstate", "error", "message"),
    [
        (np.zeros((6, 4, 4), np.float32), None, ShapeError, r"dy: found shape \(6, 4, 4\), expected \(T = 6, N = 4, output = 5\)"),
        (np.zeros((6, 4, 5)), None, DtypeError, "dy: found float64"),
        (None, {"d": ZEROS}, ArgumentError, "dstate: LSTM has no state 'd'"),
        (None, {"h": ZEROS}, ShapeError, r"dstate\['h'\]: found shape"),
        (None, [1], ArgumentError, "dstate: found list"),
    ],
)
def test_cotangents_that_do_not_fit(layer, dy, dstate, error, message):
    _, pullback = layer.vjp(ZEROS)
    with pytest.raises(error, match=message):
        pullback(dy, dstate)


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"hidden_size": 0}, ArgumentError, "hidden_size=0; expected a whole number of at least 1"),
        ({"input_size": -3}, ArgumentError, "input_size=-3"),
        ({"input_size": 3.0}, ArgumentError, "input_size=3.0 is a float; expected a whole number"),
        ({"num_layers": 0}, ArgumentError, "num_layers=0"),
        ({"num_layers": True}, ArgumentError, "num_layers=True is a bool"),
        ({"bias": 1}, ArgumentError, "bias=1; expected True or False"),
        ({"batch_first": None}, ArgumentError, "batch_first=None"),
        ({"dropout": -0.1}, ArgumentError, "dropout=-0.1; expected a probability from 0 to 1"),
        ({"dropout": 1.5}, ArgumentError, "dropout=1.5"),
        ({"dropout": float("nan")}, ArgumentError, "dropout=nan"),
        ({"dropout": "0.5"}, ArgumentError, "dropout='0.5' is a str; expected a number"),
        ({"dtype": "float16"}, DtypeError, "dtype='float16' is not served; expected float32 or float64"),
        ({"dtype": "bfloat16"}, DtypeError, "bfloat16"),
        ({"dtype": None}, DtypeError, "dtype=None"),
        ({"device": "cuda"}, DeviceError, "device='cuda': LSTM has kernels for 'cpu' here; use rnncc.RNN"),
        ({"device": "cuda:x"}, DeviceError, "device='cuda:x' is not served; expected 'cpu', 'cuda', or one of several as 'cuda:1'"),
        ({"precision": "fp32"}, ArgumentError, "precision='fp32' is not served; expected 'exact' or 'tf32'"),
        ({"precision": "tf32"}, ArgumentError, "precision='tf32' is for float32 on a CUDA device"),
        ({"device": None}, DeviceError, "device=None"),
        ({"threads": 0}, ArgumentError, "threads=0"),
        ({"seed": -1}, ArgumentError, "seed=-1"),
        ({"hiden": 4}, ArgumentError, "LSTM takes no hiden=4"),
        ({"bidirektional": True}, ArgumentError, "takes no bidirektional=True; did you mean bidirectional"),
    ],
)
def test_arguments_that_are_not_served(class_of, keywords, error, message):
    with pytest.raises(error, match=message):
        class_of("lstm")(**({"input_size": 3, "hidden_size": 5} | keywords))


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"control": 0}, "control=0; expected a whole number"),
        ({"alpha": "much"}, "alpha='much' is a str; expected a number"),
        ({"alfa": 0.3}, "Mixed takes no alfa=0.3; did you mean alpha"),
    ],
)
def test_sizes_and_constants_that_are_not_served(class_of, keywords, message):
    with pytest.raises(ArgumentError, match=message):
        class_of("mixed")(3, 5, **keywords)


def test_option_of_another_compilation(class_of):
    elman = class_of("elman", phi="relu")
    assert elman(3, 5, phi="relu").hidden_size == 5
    with pytest.raises(ArgumentError, match="was compiled with phi='relu', not 'tanh'"):
        elman(3, 5, phi="tanh")


def test_key_and_train_are_checked(class_of):
    layer = class_of("lstm")(3, 5, 2, dropout=0.5)
    with pytest.raises(ArgumentError, match="key=-1"):
        layer.vjp(ZEROS, key=-1)
    with pytest.raises(ArgumentError, match="train='no'; expected True or False"):
        layer.vjp(ZEROS, train="no")


@pytest.mark.parametrize(("steps", "rows"), [(0, 4), (6, 0), (0, 0)])
@pytest.mark.parametrize("lengths", [False, True])
def test_nothing_to_do_is_done(class_of, steps, rows, lengths):
    layer = class_of("lstm")(3, 5, 2, bidirectional=True, seed=1)
    state = {k: np.full((4, rows, 5), 0.5, np.float32) for k in "hc"}
    (y, finals), pullback = layer.vjp(np.zeros((steps, rows, 3), np.float32), state, [0] * rows if lengths else None)
    g = pullback(np.ones_like(y), finals)
    assert y.shape == (steps, rows, 10)
    assert g.x.shape == (steps, rows, 3)
    for k in state:
        np.testing.assert_array_equal(finals[k], state[k])
        np.testing.assert_array_equal(g.state[k], state[k])
    assert all(not v.any() and v.shape == layer.params[k].shape for k, v in g.params.items())
    assert layer(np.zeros((steps, rows, 3), np.float32))[0].shape == y.shape


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_reach_what_depends_on_them(class_of, value):
    layer = class_of("elman", phi="relu")(3, 5, seed=1)
    layer.params["l0.W"][...] = layer.params["l0.U"][...] = 1
    x = np.zeros((6, 4, 3), np.float32)
    x[2, 1, 0] = value
    y, state = layer(x)
    assert not np.isfinite(y[2:, 1]).any()
    assert not np.isfinite(state["h"][0, 1]).any()
    assert np.isfinite(np.delete(y, 1, axis=1)).all()
    assert np.isfinite(y[:2]).all()


@pytest.mark.parametrize("bidirectional", [False, True])
def test_nan_in_the_padding_touches_nothing(class_of, rng, bidirectional):
    layer = class_of("lstm")(3, 5, 2, bidirectional=bidirectional, dtype="float64", seed=1)
    lengths = np.array([2, 6, 0, 3])
    dead = np.arange(6)[:, None] >= lengths
    clean = np.where(dead[..., None], 0, rng.standard_normal((6, 4, 3)))
    (y, _), pullback = layer.vjp(clean, None, lengths)
    dy = np.where(dead[..., None], 0, rng.standard_normal(y.shape))
    expected = pullback(dy)
    dirty, dirty_dy = np.where(dead[..., None], np.nan, clean), np.where(dead[..., None], np.inf, dy)
    (y_2, _), pullback = layer.vjp(dirty, None, lengths)
    g = pullback(dirty_dy)
    np.testing.assert_array_equal(y_2, y)
    np.testing.assert_array_equal(layer(dirty, lengths=lengths)[0], layer(clean, lengths=lengths)[0])
    np.testing.assert_array_equal(g.x, expected.x)
    for name, gradient in g.params.items():
        np.testing.assert_array_equal(gradient, expected.params[name])
