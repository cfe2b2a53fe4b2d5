"""`residual` between layers and `truncate` in time, against PyTorch."""

from types import SimpleNamespace

import numpy as np
import pytest

import rnncc
from rnncc.errors import ArgumentError
from tests.references.layers import held, layers, results
from tests.references.reference import torch
from tests.references.registry import REFERENCES

STEPS, ROWS, UNITS = 7, 4, 6
LENGTHS = [2, 7, 0, 5]
TOLERANCE = 1e-11
"""float64: sums of some hundred terms of order one, through three layers and seven steps and back."""


def call_of(layer, rng):
    shape = (len(layer._store.geometry.places), ROWS, layer.hidden_size)
    state, dstate = ({name: rng.standard_normal(shape) for name in "hc"} for _ in range(2))
    dy = rng.standard_normal((STEPS, ROWS, layer.output_size))
    return SimpleNamespace(x=rng.standard_normal((STEPS, ROWS, layer.input_size)), state=state, dy=dy, dstate=dstate)


def found_by(layer, call, **keywords):
    (y, finals), pullback = layer.vjp(call.x, call.state, LENGTHS, key=0, **keywords)
    g = pullback(call.dy, call.dstate)
    found = {"y": y, "d_x": g.x} | {f"d_{name}": value for name, value in g.params.items()}
    found |= {f"{name}_T": value for name, value in finals.items()}
    return found | {f"d_{name}_0": value for name, value in g.state.items()}


def agree(found, expected):
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


def residual_stack(layer):
    """Each layer by itself, what it reads added to what it puts out where sizes match; nothing past a sequence's end."""
    live = torch.arange(STEPS)[:, None, None] < torch.tensor(LENGTHS)[:, None]
    d = len(layer._store.geometry.places) // layer.num_layers

    def run(params, x, state):
        x, finals = x["x"] * live, []
        for k in range(layer.num_layers):
            own = {name: p for name, p in params.items() if name.startswith(f"l{k}.")}
            y, last = layers(REFERENCES["lstm"], own, x, {name: s[k * d : (k + 1) * d] for name, s in state.items()}, LENGTHS)
            x = y + x if y.shape == x.shape else y
            finals.append(last)
        return x, {name: torch.cat([last[name] for last in finals]) for name in finals[0]}

    return run


@pytest.mark.parametrize(("inputs", "hidden", "bidirectional"), [(6, 6, False), (4, 6, False), (6, 3, True), (4, 3, True)])
def test_a_residual_stack_is_that_of_pytorch(class_of, rng, inputs, hidden, bidirectional):
    layer = class_of("lstm")(inputs, hidden, 3, bidirectional=bidirectional, residual=True, dtype="float64", seed=1)
    call = call_of(layer, rng)
    expected = results(residual_stack(layer), layer.params, call)
    agree(found_by(layer, call), expected)
    agree(found_by(layer, call, checkpoint=2), expected)
    np.testing.assert_allclose(layer(call.x, call.state, LENGTHS)[0], expected["y"], rtol=TOLERANCE, atol=TOLERANCE)


def test_a_residual_stream_and_small_calls(rng):
    layer = rnncc.RNN("lstm", UNITS, UNITS, 3, residual=True, dtype="float64", seed=1)
    x, stream = rng.standard_normal((STEPS, ROWS, UNITS)), layer.stream(ROWS)
    y = layer(x)[0]
    for t in range(STEPS):
        np.testing.assert_allclose(stream(x[t]), y[t], rtol=TOLERANCE, atol=TOLERANCE)
    for _ in range(3):  # from the second call on it is replayed
        np.testing.assert_array_equal(layer(x)[0], y)
    assert "residual=True" in repr(layer)
    assert "input added to output" in layer.explain()


def truncated(layer, every):
    """The references of a stack in which no gradient passes the beginning of a step whose number is a multiple of `every`."""

    def unrolled(params, x, state, reverse):
        ends, outputs = torch.tensor(LENGTHS), [None] * STEPS
        for t in reversed(range(STEPS)) if reverse else range(STEPS):
            cut = t + 1 if reverse else t  # the step behind the boundary that is passed
            if cut % every == 0 and 0 < cut < STEPS:
                state = {name: held(cut < ends, s.detach(), s) for name, s in state.items()}
            y, new = REFERENCES["lstm"]({"x": x[t]}, state, params)
            state = {name: held(t < ends, new[name], s) for name, s in state.items()}
            outputs[t] = held(t < ends, y, torch.zeros_like(y))
        return torch.stack(outputs), state

    def run(params, x, state):
        x, finals, outputs = x["x"], [], []
        for place in layer._store.geometry.places:
            if outputs and not place.reverse:
                x, outputs = torch.cat(outputs, -1), []
            own = {name.removeprefix(place.prefix): p for name, p in params.items() if name.startswith(place.prefix)}
            own = {name: p for name, p in own.items() if "." not in name}
            y, last = unrolled(own, x, {name: s[place.index] for name, s in state.items()}, place.reverse)
            outputs.append(y)
            finals.append(last)
        return torch.cat(outputs, -1), {name: torch.stack([last[name] for last in finals]) for name in "hc"}

    return run


@pytest.mark.parametrize("every", [1, 3, 7, 20])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_truncated_gradients_are_those_of_pytorch(class_of, rng, bidirectional, every):
    layer = class_of("lstm")(3, 5, 2, bidirectional=bidirectional, truncate=every, dtype="float64", seed=1)
    call = call_of(layer, rng)
    expected = results(truncated(layer, every), layer.params, call)
    found = found_by(layer, call)
    agree(found, expected)
    again = found_by(layer, call, checkpoint=1)
    for name, value in found.items():
        np.testing.assert_array_equal(again[name], value, err_msg=name)


@pytest.mark.parametrize("rows", [1, 9])
def test_outputs_have_the_bits_of_the_whole(rng, rows):
    """Whatever the pieces: of one step, too, where few rows have the products of their input made ahead of the loop."""
    x = rng.standard_normal((STEPS, rows, 9)).astype("float32")
    (y, last), _ = rnncc.RNN("lstm", 9, 17, seed=1).vjp(x)
    for every in (1, 2, 3):
        (z, finals), _ = rnncc.RNN("lstm", 9, 17, seed=1, truncate=every).vjp(x)
        np.testing.assert_array_equal(z, y)
        np.testing.assert_array_equal(finals["c"], last["c"])


def test_what_truncate_tells_and_takes(rng):
    layer = rnncc.RNN("lstm", 3, 5, truncate=20)
    assert "truncate=20" in repr(layer)
    assert "cotangents of states end every 20 steps" in layer.explain()
    kept = {every: layer.vjp(rng.standard_normal((100, 2, 3)).astype("float32"), checkpoint=every)[1].nbytes for every in (None, 1)}
    assert kept[1] < kept[None] / 2
    for wrong, said in ((0, "truncate=0; expected a whole number of at least 1"), ("k", "truncate='k' is a str")):
        with pytest.raises(ArgumentError, match=said):
            rnncc.RNN("lstm", 3, 5, truncate=wrong)
    with pytest.raises(ArgumentError, match="residual=1; expected True or False"):
        rnncc.RNN("lstm", 3, 5, residual=1)
