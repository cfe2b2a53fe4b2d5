"""LiGRU with batch normalisation through the kernels: two layers, two directions, against PyTorch; what a layer does with means."""

import copy
from functools import partial

import numpy as np
import pytest

import rnncc
from rnncc.errors import ArgumentError, ShapeError
from tests.catalogue.cases import LENGTHS, ROWS, STEPS, Call, changed, disagreement
from tests.references import batch_normalised
from tests.references.layers import layers, results

INPUTS, HIDDEN = 5, 19
MEANS = ("mean_z", "var_z", "mean_h", "var_h")


def layer_of(num_layers=2, bidirectional=True, **more):
    """A layer whose gains and shifts are drawn, too: those that begin at 1 or 0 would hide mistakes."""
    layer = rnncc.RNN(
        "ligru", INPUTS, HIDDEN, num_layers, norm="batch", bidirectional=bidirectional, **({"dtype": "float64"} | more), seed=1
    )
    rng = np.random.default_rng(2)
    for name, view in layer.params.items():
        view += 0.3 * rng.random(view.shape) if "var" in name or "g_" in name else 0.3 * rng.standard_normal(view.shape)
    return layer


def call_of(layer, lengths=LENGTHS, rows=ROWS):
    rng = np.random.default_rng(0)
    states = {"h": (len(layer._store.geometry.places), rows, HIDDEN)}
    x, dy = rng.standard_normal((STEPS, rows, INPUTS)), rng.standard_normal((STEPS, rows, layer.output_size))
    state, dstate = ({k: rng.standard_normal(v) / 2 for k, v in states.items()} for _ in range(2))
    return Call(x.astype(layer.dtype), {k: v.astype(layer.dtype) for k, v in state.items()}, lengths, dy.astype(layer.dtype), dstate)


def found_by(layer, call, **keywords):
    """Results by the names of `references.layers.results`, and the means."""
    (y, finals), pullback = layer.vjp(call.x, call.state, call.lengths, **keywords)
    g = pullback(call.dy, {k: v.astype(layer.dtype) for k, v in call.dstate.items()})
    found = {"y": y, "d_x": g.x} | {f"{k}_T": v for k, v in finals.items()} | {f"d_{k}_0": v for k, v in g.state.items()}
    return found | {f"d_{k}": v for k, v in g.params.items()}, pullback.batch_means


def through(_step, params, x, state, lengths, reverse, **_nothing):
    return batch_normalised.ligru(params, x, state, lengths, reverse)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
def test_training_is_batch_normalisation(lengths):
    """Of the paper; the same bits for any number of threads, and twice."""
    one, two = layer_of(threads=1), layer_of(threads=2)
    call = call_of(one, lengths)
    found, means = found_by(one, call)
    expected = results(partial(layers, None, lengths=lengths, through=through), one.params, call)
    frozen = {f"d_{k}" for k in one.params if k.rpartition(".")[2] in MEANS}
    assert not disagreement(found, {k: v for k, v in expected.items() if k not in frozen})
    again, means_again = found_by(two, call)
    assert not changed(again, found)
    assert not changed(means_again, means)
    assert not changed(found_by(two, call)[0], found)


def test_few_rows_share_units():
    """Threads that own units instead of rows."""
    one, two = layer_of(1, bidirectional=False, threads=1), layer_of(1, bidirectional=False, threads=2)
    call = call_of(one, None, rows=2)
    assert not changed(found_by(two, call)[0], found_by(one, call)[0])


def test_float32_stays_float32():
    narrow, wide = layer_of(1, bidirectional=False, dtype="float32"), layer_of(1, bidirectional=False)
    for name, view in wide.params.items():
        view[...] = narrow.params[name]
    call = call_of(narrow)
    found, means = found_by(narrow, call)
    assert {a.dtype for a in [*found.values(), *means.values()]} == {np.dtype("float32")}
    same = Call(call.x.astype(float), {k: v.astype(float) for k, v in call.state.items()}, LENGTHS, call.dy.astype(float), call.dstate)
    assert not disagreement(found, found_by(wide, same)[0], 1e-5)


def test_evaluation_reads_parameters_that_follow_the_batches():
    layer = layer_of()
    call = call_of(layer)
    before = {k: v.copy() for k, v in layer.params.items()}
    (y, _), pullback = layer.vjp(call.x, call.state, call.lengths)
    means = pullback.batch_means
    assert sorted(means) == sorted(k for k in before if k.rpartition(".")[2] in MEANS)
    assert not changed(dict(layer.params), before)
    layer.update_batch_means(means, momentum=0.25)
    for name, value in layer.params.items():
        expected = 0.75 * before[name] + 0.25 * means[name] if name in means else before[name]
        np.testing.assert_allclose(value, expected, rtol=1e-14)
    layer.update_batch_means(means, momentum=1)
    np.testing.assert_allclose(layer(call.x, call.state, call.lengths)[0], y, rtol=0, atol=1e-13)


def test_a_gradient_with_given_means_passes_none_of_them():
    """`train=False`: gradients are those of what evaluation computes, row by row."""
    layer = layer_of()
    call = call_of(layer)
    y, _ = layer(call.x, call.state, call.lengths)
    found, means = found_by(layer, call, train=False)
    assert means == {}
    assert not disagreement({"y": found["y"]}, {"y": y})
    alone = Call(
        call.x[:, 1:2],
        {k: v[:, 1:2] for k, v in call.state.items()},
        None,
        call.dy[:, 1:2],
        {k: v[:, 1:2] for k, v in call.dstate.items()},
    )
    np.testing.assert_allclose(found_by(layer, alone, train=False)[0]["d_x"], found["d_x"][:, 1:2], rtol=0, atol=1e-13)


def test_a_pullback_is_of_its_call():
    """Means belong to it: neither writes to them nor later updates reach what it pulls back."""
    layer = layer_of(1, bidirectional=False)
    call = call_of(layer)
    expected, _ = found_by(layer, call)
    _, pullback = layer.vjp(call.x, call.state, call.lengths)
    for mean in pullback.batch_means.values():
        mean[...] = np.nan
    layer.update_batch_means({k: v + 1 for k, v in found_by(layer, call)[1].items()})
    g = pullback(call.dy, call.dstate)
    assert not changed({"d_x": g.x}, {"d_x": expected["d_x"]})
    assert not changed({"d_x": pullback(call.dy, call.dstate).x}, {"d_x": expected["d_x"]})


def test_what_lies_past_an_end_has_no_part():
    layer = layer_of(1, bidirectional=False)
    call = call_of(layer)
    x = call.x.copy()
    x[np.arange(STEPS)[:, None] >= np.array(LENGTHS)] = np.nan
    other = Call(x, call.state, call.lengths, call.dy, call.dstate)
    (found, means), (expected, expected_means) = found_by(layer, other), found_by(layer, call)
    assert not changed(found, expected)
    assert not changed(means, expected_means)


def test_a_batch_without_a_live_step():
    layer = layer_of(1, bidirectional=False)
    call = call_of(layer, [0] * ROWS)
    found, means = found_by(layer, call)
    assert means == {}
    assert not found["y"].any()
    assert not found["d_l0.W_z"].any()


def test_means_are_saved_and_copied(tmp_path):
    layer, other = layer_of(), layer_of()
    call = call_of(layer)
    layer.update_batch_means(found_by(layer, call)[1])
    layer.save(tmp_path / "w.safetensors")
    other.load(tmp_path / "w.safetensors")
    for same in (other, copy.deepcopy(layer)):
        np.testing.assert_array_equal(same(call.x)[0], layer(call.x)[0])


def test_time_in_pieces_is_refused():
    for name in ("checkpoint", "truncate"):
        with pytest.raises(
            ArgumentError, match=f"{name}=4: LiGRU reads means over all steps of a batch .mean_z, var_z, .* leave it out"
        ):
            layer_of(**{name: 4})
    layer = layer_of(1, bidirectional=False)
    with pytest.raises(ArgumentError, match="checkpoint=4: LiGRU reads means over all steps"):
        layer.vjp(call_of(layer).x, checkpoint=4)


REVERSIBLE = """
from rnncc.spec import Cell, tanh
cell = Cell("Steps")
x, h = cell.input("x"), cell.state("h")
v = cell.weight("W", h, x) @ x
cell.next(h=h + tanh(v - cell.batch_mean("m", v)))
cell.output(h)
"""


def test_transforms_that_are_refused(tmp_path):
    path = tmp_path / "steps.py"
    path.write_text(REVERSIBLE)
    with pytest.raises(ArgumentError, match=r"reversible: Steps reads means over all steps of a batch \(m\)"):
        rnncc.RNN(path, INPUTS, HIDDEN, reversible=True)
    with pytest.raises(ArgumentError, match=r"layer_norm: Steps normalises products by means over batches already \(m\)"):
        rnncc.RNN(path, INPUTS, HIDDEN, layer_norm=True)


def test_updates_that_are_refused():
    layer = layer_of(1, bidirectional=False)
    before = {k: v.copy() for k, v in layer.params.items()}
    mean = np.zeros(HIDDEN)
    for means, momentum, message in (
        ({"l0.mean_z": mean, "l0.W_z": mean}, 0.1, "LiGRU has no batch mean 'l0.W_z'; did you mean l0"),
        ({"l0.mean_z": mean}, 2.0, "momentum=2.0; expected a share from 0"),
        ({"l0.mean_z": mean}, "much", "momentum='much' is a str; expected a number"),
    ):
        with pytest.raises(ArgumentError, match=message):
            layer.update_batch_means(means, momentum)
    with pytest.raises(ShapeError, match=r"parameter l0\.mean_z: found shape"):
        layer.update_batch_means({"l0.mean_z": np.zeros((2, HIDDEN))})
    assert not changed(dict(layer.params), before)
