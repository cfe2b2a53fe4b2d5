"""Transforms of a cell: each against PyTorch with the same masks, all at once by the kernels, and what a layer tells of them."""

import pickle
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import rnncc
from rnncc.errors import ArgumentError
from rnncc.modules import load_module
from rnncc.runtime.transforms import asked_for
from rnncc.spec import Cell, tanh
from tests.interpreter_engine import InterpreterModule
from tests.layers.drawn import over_time
from tests.layers.transformed import Transformed
from tests.references.layers import layers, results
from tests.references.reference import torch

PAIRS = Path(__file__).parent.parent / "cells" / "pairs.py"
KEY, STEPS, ROWS = 5, 7, 4
LENGTHS = [2, 7, 0, 5]
EACH = [
    {"layer_norm": True},
    {"preactivation_clip": 0.2},
    {"input_dropout": 0.3},
    {"recurrent_dropout": 0.3},
    {"weight_drop": 0.3},
    {"state_clip": 0.1},
    {"zoneout": 0.3},
    {"learn_initial": True},
    {"reset": True},
    {"highway": True},
]
ALL = {name: value for one in EACH for name, value in one.items()}


@cache
def _class(engine, cell, structure):
    if engine == "interpreter":
        return InterpreterModule(cell, {}, dict(structure)).layer()
    module = load_module(cell, {}, dict(structure))
    return getattr(module, module.CELL.name)


def make(engine, cell, keywords, num_layers=2, **settings):
    """A layer whose first values are all drawn: those that begin at 0 or 1 would hide mistakes."""
    asked = asked_for(keywords)
    made = _class(engine, cell, tuple(asked.structure.items()))
    layer = made(3, 5, num_layers, **({"dtype": "float64", "seed": 1} | settings), **asked.keywords)
    rng = np.random.default_rng(2)
    for view in layer.params.values():
        view += 0.3 * rng.standard_normal(view.shape)
    return layer


def call_of(layer, rng, lengths):
    shape = (len(layer._store.geometry.places), ROWS, 5)
    names = [s.name for s in layer.cell.states]
    x = {"x": rng.standard_normal((STEPS, ROWS, 3))}
    if len(layer.cell.inputs) > 1:
        x |= {"reset": (rng.random((STEPS, ROWS)) < 0.3).astype(float)}
    state, dstate = ({name: rng.standard_normal(shape) for name in names} for _ in range(2))
    dy = rng.standard_normal((STEPS, ROWS, layer.output_size))
    return SimpleNamespace(x=x, state=state, dstate=dstate, dy=dy, lengths=lengths, given=layer.cell.states[0].learned is None)


def found_by(layer, call, **keywords):
    (y, finals), pullback = layer.vjp(call.x, call.state if call.given else None, call.lengths, key=KEY, **keywords)
    g = pullback(call.dy, call.dstate)
    found = {"y": y} | {f"d_{name}": value for name, value in (*g.x.items(), *g.params.items())}
    found |= {f"{name}_T": value for name, value in finals.items()}
    return found | ({f"d_{name}_0": value for name, value in g.state.items()} if call.given else {})


def expected_of(layer, cell, keywords, call):
    masks = over_time(layer, KEY, STEPS, ROWS)

    def run(params, x, state):
        if not call.given:
            prefixes = [p.prefix for p in layer._store.geometry.places]
            state = {name: torch.stack([params[f"{p}{name}_first"].expand(ROWS, 5) for p in prefixes]) for name in state}
        return layers(Transformed(cell, keywords), params, x, state, call.lengths, masks=masks)

    return results(run, layer.params, call)


def agree(found, expected, tolerance=1e-11):
    """float64: each result is a sum of some hundred terms of order one, or a few hundred in a normalised cell."""
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("keywords", [*EACH, {"learn_initial": True, "reset": True}, {"zoneout": {"h": 0.3}}, ALL], ids=str)
def test_gradients_are_those_of_pytorch(rng, keywords, cell, bidirectional):
    layer = make("interpreter", cell, keywords, bidirectional=bidirectional)
    call = call_of(layer, rng, LENGTHS)
    agree(found_by(layer, call), expected_of(layer, cell, keywords, call))


def test_kernels_agree_with_the_interpreter(rng, monkeypatch):
    monkeypatch.setattr("rnncc.runtime.chunks.ROWS", 8)
    expected = make("interpreter", "gru", ALL, bidirectional=True)
    layer, twin = (make("kernels", "gru", ALL, bidirectional=True, threads=threads) for threads in (1, 2))
    for lengths in (None, LENGTHS):
        call = call_of(layer, rng, lengths)
        found = found_by(layer, call)
        agree(found, found_by(expected, call))
        for other in (found_by(twin, call), found_by(layer, call, checkpoint=2)):
            for name, value in other.items():
                np.testing.assert_array_equal(value, found[name], err_msg=name)
        np.testing.assert_allclose(layer(call.x, lengths=lengths)[0], expected(call.x, lengths=lengths)[0], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("keywords", [{"input_dropout": 0}, {"recurrent_dropout": 0}, {"weight_drop": 0}, {"zoneout": 0}], ids=str)
def test_a_rate_of_zero_changes_nothing(rng, keywords):
    layer, plain = make("interpreter", "lstm", keywords), make("interpreter", "lstm", {})
    call = call_of(layer, rng, LENGTHS)
    agree(found_by(layer, call), found_by(plain, call), 1e-13)


def test_a_wide_bound_changes_nothing(rng):
    layer, plain = make("interpreter", "lstm", {"state_clip": 99, "preactivation_clip": 99}), make("interpreter", "lstm", {})
    call = call_of(layer, rng, LENGTHS)
    agree(found_by(layer, call), found_by(plain, call), 1e-13)


def test_an_evaluation_reads_the_expectation(rng):
    keywords = {"input_dropout": 0.3, "recurrent_dropout": 0.3, "weight_drop": 0.3}
    layer, plain = make("interpreter", "lstm", keywords), make("interpreter", "lstm", {})
    x = rng.standard_normal((STEPS, ROWS, 3))
    np.testing.assert_allclose(layer(x)[0], plain(x)[0], rtol=1e-13)
    np.testing.assert_allclose(layer.vjp(x, train=False)[0][0], plain(x)[0], rtol=1e-12)


def test_a_reset_at_the_first_step_forgets_the_given_state(rng):
    layer = make("interpreter", "lstm", {"reset": True})
    x = {"x": rng.standard_normal((STEPS, ROWS, 3)), "reset": np.zeros((STEPS, ROWS))}
    x["reset"][0] = 1
    state = {k: rng.standard_normal((2, ROWS, 5)) for k in "hc"}
    np.testing.assert_array_equal(layer(x, state)[0], layer(x)[0])
    x["reset"][0], x["reset"][3] = 0, 1
    later = {name: value[3:] for name, value in x.items()}
    np.testing.assert_array_equal(layer(x, state)[0][3:], layer(later)[0])


def test_a_reset_begins_a_matrix_anew(rng):
    """With the learned first values of its states, those of the matrix among them."""
    layer = make("interpreter", PAIRS, {"learn_initial": True, "reset": True}, num_layers=1)
    x = {"x": rng.standard_normal((STEPS, ROWS, 3)), "reset": np.zeros((STEPS, ROWS))}
    x["reset"][3] = 1
    later = {name: value[3:] for name, value in x.items()}
    np.testing.assert_array_equal(layer(x)[0][3:], layer(later)[0])
    (y, _), pullback = layer.vjp(x)
    (last, _), pullback_of_later = layer.vjp(later)
    (before, _), pullback_of_earlier = layer.vjp({name: value[:3] for name, value in x.items()})
    found = pullback(np.ones_like(y)).params
    parts = [pull(np.ones_like(part)).params for pull, part in ((pullback_of_earlier, before), (pullback_of_later, last))]
    assert found["l0.C_first"].any()
    for name, value in found.items():
        np.testing.assert_allclose(value, parts[0][name] + parts[1][name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_of_a_layer_by_name(tmp_path):
    """One compilation: what a layer tells, keeps and takes."""
    keywords = {"zoneout": {"h": 0.2, "c": 0.1}, "learn_initial": True}
    layer = rnncc.RNN("lstm", 3, 5, 2, seed=1, **keywords)
    plain = rnncc.RNN("lstm", 3, 5, 2, seed=1)
    assert dict(layer.constants) == {"zoneout_h": 0.2, "zoneout_c": 0.1}
    assert layer.num_parameters == plain.num_parameters + 2 * 2 * 5
    assert "zoneout_h=0.2" in repr(layer)
    assert "learn_initial=True" in repr(layer)
    assert "zoneout_h=0.2" in layer.explain()
    x = np.random.default_rng(0).standard_normal((STEPS, ROWS, 3)).astype("float32")
    layer.params["l1.c_first"] = np.linspace(-1, 1, 5, dtype="float32")
    again = pickle.loads(pickle.dumps(layer))
    np.testing.assert_array_equal(again.vjp(x, key=3)[0][0], layer.vjp(x, key=3)[0][0])
    layer.save(tmp_path / "w.safetensors")
    other = rnncc.RNN("lstm", 3, 5, 2, seed=2, **keywords)
    other.load(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(other(x)[0], layer(x)[0])
    stream, y = layer.stream(ROWS), layer(x)[0]
    for t in range(STEPS):
        np.testing.assert_allclose(stream(x[t]), y[t], rtol=1e-6, atol=1e-7)
    layer.constants["zoneout_h"] = 0.9
    assert (layer(x)[0] != y).any()


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"zoneout": 1.0}, r"zoneout=1\.0; expected a probability from 0 up to, but not, 1"),
        ({"zoneout": "much"}, "zoneout='much' is a str; expected a number"),
        ({"zoneout": {}}, "zoneout={}; expected a number, or a dict of numbers by state"),
        ({"zoneout": {"q": 0.1}}, "zoneout: LSTM has no state q; it carries h, c"),
        ({"recurrent_dropout": -0.1}, r"recurrent_dropout=-0\.1; expected a probability"),
        ({"state_clip": {"c": 0}}, r"state_clip_c=0\.0; expected a number above 0"),
        ({"layer_norm": 1}, "layer_norm=1; expected True or False"),
        ({"zone_out": 0.1}, "did you mean zoneout"),
    ],
    ids=str,
)
def test_what_is_refused(keywords, said):
    with pytest.raises(ArgumentError, match=said):
        rnncc.RNN("lstm", 3, 5, **keywords)


@pytest.mark.parametrize(
    ("keywords", "name", "value", "said"),
    [
        ({"input_dropout": 0.3}, "input_dropout", 1, r"input_dropout=1\.0; expected a probability from 0 up to, but not, 1"),
        ({"weight_drop": 0.3}, "weight_drop", -0.1, "a probability from 0"),
        ({"zoneout": {"c": 0.3}}, "zoneout_c", float("nan"), "zoneout_c=nan; expected a probability from 0"),
        ({"state_clip": 2}, "state_clip", 0, r"state_clip=0\.0; expected a number above 0"),
        ({"preactivation_clip": 2}, "preactivation_clip", -1, "a number above 0"),
    ],
)
def test_a_constant_stays_within_what_its_transform_takes(keywords, name, value, said):
    layer = make("interpreter", "lstm", keywords)
    before = dict(layer.constants)
    with pytest.raises(ArgumentError, match=said):
        layer.constants[name] = value
    assert dict(layer.constants) == before
    with pytest.raises(ArgumentError, match=said):
        type(layer)(3, 5, **{name: value})
    layer.constants[name] = 0.5
    assert pickle.loads(pickle.dumps(dict(layer.constants)))[name] == 0.5


def test_a_constant_is_a_number():
    with pytest.raises(ArgumentError, match="beta=nan; expected a number"):
        make("interpreter", "janet", {}).constants["beta"] = float("nan")


def test_a_constant_of_the_cell_is_not_shared_with_a_transform():
    with pytest.raises(ArgumentError, match="ZoneoutLSTM has a value called zoneout_h, which a transform needs"):
        make("interpreter", "lstm_zoneout", {"zoneout": {"h": 0.3}})


@pytest.mark.parametrize(
    ("cell", "keywords", "said"),
    [
        (
            "indrnn",
            {"recurrent_dropout": 0.1},
            "products of previous states, and IndRNN has none; leave it out",
        ),
        ("indrnn", {"weight_drop": 0.1}, "weight_drop changes weights of previous states"),
        ("lif", {"preactivation_clip": 2}, "preactivation_clip changes sums of products that functions are applied to"),
        ("ltc", {"layer_norm": True}, "layer_norm changes sums of products that something reads"),
        ("ltc", {"input_dropout": 0.1}, "input_dropout changes products of inputs"),
    ],
)
def test_a_transform_that_would_change_nothing_is_refused(cell, keywords, said):
    with pytest.raises(ArgumentError, match=said):
        make("interpreter", cell, keywords)


def test_what_asks_for_nothing():
    assert asked_for({"zoneout": None, "layer_norm": False, "seed": 1}).structure == {}


def test_a_class_compiled_without_says_where_to_ask():
    with pytest.raises(ArgumentError, match=r"LSTM was compiled without zoneout; use rnncc\.RNN\(…, zoneout=0\.1\)"):
        _class("interpreter", "lstm", ())(3, 5, zoneout=0.1)


def test_a_highway_lets_its_input_pass(rng):
    """A gate that is shut, and the identity that it begins with: the layer is not there."""
    layer = rnncc.RNN("elman", 3, 3, 2, dtype="float64", highway=True, seed=1)
    assert (layer.params["l0.b_highway"] == -1).all()
    for prefix in ("l0", "l1"):
        layer.params[f"{prefix}.W_highway"], layer.params[f"{prefix}.b_highway"] = np.zeros((3, 3)), np.full(3, -99.0)
    x = rng.standard_normal((STEPS, ROWS, 3))
    np.testing.assert_allclose(layer(x)[0], x, rtol=1e-14)


def test_a_highway_needs_vectors_on_either_side():
    words = Cell("Words")
    word, h = words.index("word"), words.state("h")
    new = tanh(words.weight("W", h, word) @ word + words.weight("U", h, h) @ h)
    words.next(h=new)
    words.output(new)
    with pytest.raises(ArgumentError, match=r"highway mixes .* and Words reads word of whole numbers; leave it out"):
        rnncc.RNN(words, 9, 5, highway=True)
