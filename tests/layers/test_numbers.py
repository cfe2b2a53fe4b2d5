"""Layers of a cell with an input of one number a step, a state of one number a sample, and the number of the step."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import rnncc
from rnncc.errors import ArgumentError, ShapeError
from tests.references.layers import layers, results
from tests.references.registry import OWN

PATH = Path(__file__).parents[1] / "cells" / "timed.py"
STEPS, ROWS, INPUTS, HIDDEN = 11, 6, 3, 7
LENGTHS = [11, 4, 0, 7, 11, 1]
TOLERANCE = 1e-12
"""Of an array's largest magnitude, float64: sums of some tens of terms over 11 steps and 2 layers lose some hundred times 1.1e-16."""


@dataclass(frozen=True)
class Call:
    x: dict
    state: dict
    dy: np.ndarray
    dstate: dict


def layer_of(num_layers=1, **more):
    return rnncc.RNN(PATH, INPUTS, HIDDEN, num_layers, dtype="float64", seed=3, **more)


def streams(rng, steps=STEPS, rows=ROWS):
    return {"x": rng.standard_normal((steps, rows, INPUTS)), "dt": rng.random((steps, rows))}


def call_of(layer, rng):
    x = streams(rng)
    y, finals = layer(x)
    state = {k: rng.standard_normal(v.shape) if k != "t" else np.zeros(v.shape) for k, v in finals.items()}
    return Call(x, state, rng.standard_normal(y.shape), {k: rng.standard_normal(v.shape) for k, v in finals.items()})


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_a_stack_against_the_equations(rng, lengths):
    layer = layer_of(2, bidirectional=True)
    call = call_of(layer, rng)
    expected = results(lambda p, x, s: layers(OWN["timed"], p, x, s, lengths), layer.params, call)
    (y, finals), pullback = layer.vjp(call.x, call.state, lengths)
    g = pullback(call.dy, call.dstate)
    assert set(g.state) == {"h", "m"}
    found = {"y": y} | {f"{k}_T": v for k, v in finals.items()} | {f"d_{k}": v for k, v in (g.x | g.params).items()}
    found |= {f"d_{k}_0": v for k, v in g.state.items()}
    assert found.keys() == expected.keys() - {"d_t_0"}
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=0, atol=TOLERANCE * np.abs(expected[name]).max(), err_msg=name)
    np.testing.assert_array_equal(finals["t"], np.broadcast_to(lengths or [STEPS] * ROWS, (4, ROWS)))


def test_one_number_may_have_an_axis_of_its_own(rng):
    layer, x = layer_of(), streams(rng)
    (y, _), pullback = layer.vjp(x)
    (y_2, _), pullback_2 = layer.vjp(x | {"dt": x["dt"][:, :, None]})
    np.testing.assert_array_equal(y_2, y)
    g, g_2 = pullback(y).x["dt"], pullback_2(y).x["dt"]
    assert (g.shape, g_2.shape) == ((STEPS, ROWS), (STEPS, ROWS, 1))
    np.testing.assert_array_equal(g_2[:, :, 0], g)
    alone = layer({"x": x["x"][:, 0], "dt": x["dt"][:, 0]})[0]
    np.testing.assert_array_equal(layer({"x": x["x"][:, 0], "dt": x["dt"][:, :1]})[0], alone)
    with pytest.raises(ShapeError, match=r"input dt: found shape \(11, 6, 2\), expected \(T = 11, N = 6\): time, batch"):
        layer(x | {"dt": np.zeros((STEPS, ROWS, 2))})


def test_the_number_of_the_step_goes_on_where_a_state_is_handed_on(rng):
    layer, x = layer_of(2), streams(rng)
    whole, finals = layer(x)
    first, state = layer({k: v[:4] for k, v in x.items()})
    np.testing.assert_array_equal(state["t"], np.full((2, ROWS), 4.0))
    second, state = layer({k: v[4:] for k, v in x.items()}, state)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(state["t"], finals["t"])
    with pytest.raises(ArgumentError, match="state: t missing"):
        layer(x, {k: v for k, v in state.items() if k != "t"})


def test_a_stream_counts(rng):
    layer, x = layer_of(2), streams(rng)
    stream = layer.stream(ROWS)
    found = np.stack([stream({"x": x["x"][t], "dt": x["dt"][t] if t % 2 else x["dt"][t][:, None]}) for t in range(STEPS)])
    np.testing.assert_allclose(found, layer(x)[0], rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(stream.state["t"], np.full((2, ROWS), float(STEPS)))
    stream.reset()
    np.testing.assert_array_equal(stream({"x": x["x"][0], "dt": x["dt"][0]}), found[0])


def test_checkpoints_leave_no_trace(rng):
    layer = layer_of(2, bidirectional=True)
    x = streams(rng, steps=150, rows=30)
    dy = rng.standard_normal((150, 30, 14))
    whole, parts = (layer.vjp(x, checkpoint=k)[1](dy) for k in (None, 40))
    for one, other in ((whole.x, parts.x), (whole.params, parts.params), (whole.state, parts.state)):
        for name, value in one.items():
            np.testing.assert_array_equal(other[name], value, err_msg=name)


def test_transforms_leave_the_number_of_the_step_alone(rng):
    layer = layer_of(zoneout=0.5, state_clip=0.25, reset=True, learn_initial=True)
    assert {name for name in layer.params if name.endswith("_first")} == {"l0.h_first", "l0.m_first"}
    x = streams(rng) | {"reset": np.zeros((STEPS, ROWS))}
    np.testing.assert_array_equal(layer(x)[1]["t"], np.full((1, ROWS), float(STEPS)))
    x["reset"][4] = 1
    np.testing.assert_array_equal(layer(x)[1]["t"], np.full((1, ROWS), STEPS - 4.0))
