"""`weight_dtype="bfloat16"`: a layer whose weights were rounded beforehand gives the same bits; training does not see it.

Where the instruction set multiplies pairs of bfloat16, what weights meet is rounded, too.
"""

import copy
import pickle

import numpy as np
import pytest

import rnncc
from rnncc.errors import ArgumentError
from rnncc.runtime.frozen import PANELS

pytestmark = pytest.mark.parametrize("class_of", ["kernels"], indirect=True)
"""How weights are packed is a matter of kernels."""
ml_dtypes = pytest.importorskip("ml_dtypes")


def with_rounded_weights(layer):
    """A copy of a float32 layer whose matrices hold what bfloat16 leaves of them."""
    twin = copy.deepcopy(layer)
    for view in twin.params.values():
        if view.ndim == 2:
            view[...] = view.astype(ml_dtypes.bfloat16)
    return twin


def pair(class_of, cell, *sizes, **keywords):
    """A layer with bfloat16 weights, and one of float32 from the same seed."""
    return tuple(class_of(cell)(*sizes, seed=1, weight_dtype=name, **keywords) for name in ("bfloat16", None))


@pytest.mark.pairs(False)
@pytest.mark.parametrize("shape", [(5, 1), (1, 1), (5, 3), (4, 13)])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_bits_of_rounded_weights(class_of, rng, cell, shape):
    narrow, wide = pair(class_of, cell, 7, 21, 2, bidirectional=True, threads=1)
    x = rng.standard_normal((*shape, 7)).astype("float32")
    expected, finals = with_rounded_weights(wide)(x)
    y, found = narrow(x)
    np.testing.assert_array_equal(y, expected)
    for name, state in finals.items():
        np.testing.assert_array_equal(found[name], state)
    assert not np.array_equal(y, wide(x)[0])


@pytest.mark.pairs(True)
@pytest.mark.parametrize("shape", [(2, 1), (1, 1), (2, 3), (2, 13)])
def test_a_step_of_rounded_numbers(class_of, rng, shape):
    """Terms of 28 are added in another order; the rule of benchdnn, 4 ceil(log2(K)) eps."""
    narrow, wide = pair(class_of, "lstm", 7, 21)
    x = rng.standard_normal((*shape, 7)).astype("float32")
    state = {name: rng.standard_normal((1, shape[1], 21)).astype("float32") for name in "hc"}
    near = {"h": state["h"].astype(ml_dtypes.bfloat16).astype("float32"), "c": state["c"]}
    expected, _ = with_rounded_weights(wide)(x.astype(ml_dtypes.bfloat16).astype("float32"), near)
    found, _ = narrow(x, state)
    np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=4 * 5 * np.finfo(np.float32).eps)


@pytest.mark.parametrize("rows", [1, 13])
def test_same_bits_for_any_number_of_threads(class_of, rng, rows):
    x = rng.standard_normal((6, rows, 7)).astype("float32")
    one, two, three = (class_of("lstm")(7, 40, seed=1, weight_dtype="bfloat16", threads=k)(x)[0] for k in (1, 2, 3))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize("rows", [1, 13])
def test_stream_has_the_bits_of_a_call(class_of, rng, rows):
    layer, _ = pair(class_of, "lstm", 7, 21, 2, threads=2)
    stream, state = layer.stream(rows), None
    for x in rng.standard_normal((3, rows, 7)).astype("float32"):
        y, state = layer(x[None], state)
        np.testing.assert_array_equal(stream(x), y[0])


def test_training_reads_float32(class_of, rng):
    narrow, wide = pair(class_of, "lstm", 7, 21, 2)
    x = rng.standard_normal((5, 3, 7)).astype("float32")
    (y, _), pullback = narrow.vjp(x)
    (expected, _), expected_pullback = wide.vjp(x)
    np.testing.assert_array_equal(y, expected)
    for name, gradient in expected_pullback(expected).params.items():
        np.testing.assert_array_equal(pullback(y).params[name], gradient)
    for name, value in wide.trace(x).items():
        np.testing.assert_array_equal(narrow.trace(x)[name], value)


def test_what_is_written_is_seen_and_the_rest_is_kept(class_of, rng):
    layer, _ = pair(class_of, "lstm", 7, 21)
    x = rng.standard_normal((5, 3, 7)).astype("float32")
    first = layer(x)[0]
    panels = layer._store.now(bfloat16=True)[0][PANELS]
    packed = dict(panels.made)
    assert {panel.dtype for panel in packed.values() if panel.ndim > 1} == {np.dtype("uint32")}
    layer(x)
    assert all(panels.made[key] is panel for key, panel in packed.items())
    layer.vjp(x)
    assert {panel.dtype for panel in layer._store.now()[0][PANELS].made.values()} == {np.dtype("float32")}
    layer.params["l0.U_f"][...] += 1
    assert not np.array_equal(layer(x)[0], first)


def test_copies_pickles_and_files(class_of, rng, tmp_path):
    layer = rnncc.RNN("lstm", 7, 21, seed=1, weight_dtype="bfloat16")
    x = rng.standard_normal((5, 3, 7)).astype("float32")
    y = layer(x)[0]
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(twin(x)[0], y)
        assert repr(twin) == repr(layer) == "LSTM(7, 21, num_layers=1, dtype='float32', weight_dtype='bfloat16', seed=1)"
    wide = class_of("lstm")(7, 21, seed=2)
    layer.save(tmp_path / "weights")
    wide.load(tmp_path / "weights")
    np.testing.assert_array_equal(wide.params["l0.U_f"], layer.params["l0.U_f"])
    narrow = class_of("lstm")(7, 21, seed=3, weight_dtype="bfloat16")
    narrow.load(tmp_path / "weights")
    np.testing.assert_array_equal(narrow(x)[0], y)


def test_explain(class_of):
    narrow, wide = pair(class_of, "lstm", 3, 5)
    assert "\nweights      of products bfloat16 in a call and in stream; float32 in vjp and trace\n" in narrow.explain()
    assert "bfloat16 in" not in wide.explain()


def test_float32_by_name_is_the_ordinary_layer(class_of):
    layer = class_of("lstm")(3, 5, seed=1, weight_dtype="float32")
    assert repr(layer) == "LSTM(3, 5, num_layers=1, dtype='float32', seed=1)"


@pytest.mark.parametrize("given", ["float16", "float64", "bf16", 16, np.float32])
def test_other_names_are_refused(class_of, given):
    with pytest.raises(ArgumentError, match=r"weight_dtype=.* is not served; expected None, 'float32' or 'bfloat16'"):
        class_of("lstm")(3, 5, weight_dtype=given)


@pytest.mark.parametrize("given", ["float32", "bfloat16"])
def test_float64_has_no_narrow_weights(class_of, given):
    with pytest.raises(ArgumentError, match=f"weight_dtype='{given}' is for layers of float32, found dtype='float64'"):
        class_of("lstm")(3, 5, dtype="float64", weight_dtype=given)
