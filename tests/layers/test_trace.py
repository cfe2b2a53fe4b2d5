import numpy as np
import pytest

from rnncc.errors import ArgumentError
from rnncc.runtime.batch import Batch
from rnncc.runtime.geometry import Place
from rnncc.runtime.lengths import ragged
from rnncc.runtime.traced import Traced, leave_traced


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def test_gates_of_one_layer_go_by_their_names(class_of, rng):
    layer = class_of("lstm")(3, 5, dtype="float64", seed=1)
    x, p = rng.standard_normal((6, 4, 3)), layer.params
    y, _ = layer(x)
    before = np.concatenate([np.zeros((1, 4, 5)), y[:-1]])
    found = layer.trace(x, ["i", "f"])
    assert list(found) == ["i", "f"]
    for k in "if":
        expected = sigmoid(x @ p[f"l0.W_{k}"].T + before @ p[f"l0.U_{k}"].T + p[f"l0.b_{k}"])
        np.testing.assert_allclose(found[k], expected, rtol=1e-12)
    np.testing.assert_array_equal(layer.trace(x, "i")["i"], found["i"])
    assert set(layer.trace(x)) == set(layer.cell.named)


def test_values_of_a_stack_go_by_layer_and_direction(class_of, rng):
    layer = class_of("lstm")(3, 5, 2, bidirectional=True, batch_first=True, dtype="float64", seed=1)
    x, lengths = rng.standard_normal((4, 6, 3)), [2, 6, 0, 3]
    found = layer.trace(x, ["h_new"], lengths=lengths)
    assert list(found) == ["l0.h_new", "l0.reverse.h_new", "l1.h_new", "l1.reverse.h_new"]
    y, _ = layer(x, lengths=lengths)
    np.testing.assert_allclose(np.concatenate([found["l1.h_new"], found["l1.reverse.h_new"]], axis=2), y, rtol=1e-13)
    one = layer.trace(x, "l1.reverse.h_new", lengths=lengths)
    assert list(one) == ["l1.reverse.h_new"]
    np.testing.assert_array_equal(one["l1.reverse.h_new"], found["l1.reverse.h_new"])


def test_nothing_is_shown_past_a_length(class_of, rng):
    layer = class_of("lstm")(3, 5, dtype="float64", seed=1)
    i = layer.trace(rng.standard_normal((6, 4, 3)), "i", lengths=[2, 6, 0, 3])["i"]
    np.testing.assert_array_equal(i.any(axis=2), np.arange(6)[:, None] < [2, 6, 0, 3])


def test_what_a_kernel_leaves_past_a_length_does_not_show():
    batch, place = Batch(6, 4, True, False, ragged([2, 6, 0, 3], 6, 4), False), Place(0, False, 0)
    found = leave_traced(batch, [Traced("i", place, "i")], [{"i": np.full((6, 4, 5), np.nan)}])["i"]
    np.testing.assert_array_equal(np.isnan(found[..., 0]), np.arange(6)[:, None] < [2, 6, 0, 3])
    with pytest.raises(ArgumentError, match="W does not vary in time; trace shows i"):
        leave_traced(batch, [Traced("W", place, "W")], [{"i": found}])


def test_a_name_the_spec_does_not_have(class_of):
    layer = class_of("lstm")(3, 5)
    x = np.zeros((6, 4, 3), np.float32)
    with pytest.raises(ArgumentError, match="LSTM has no value 'c_nwe' to trace; did you mean c_new"):
        layer.trace(x, ["c_nwe"])
    with pytest.raises(ArgumentError, match=r"no value 'l1\.i'"):
        layer.trace(x, ["l1.i"])
