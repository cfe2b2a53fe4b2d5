"""Cells with random masks: the interpreter against PyTorch with the same masks, and without where nothing is random."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.interpreter_engine import InterpreterModule
from tests.layers.drawn import over_time
from tests.references.layers import layers, results
from tests.references.registry import REFERENCES

KEY, STEPS, ROWS, INPUTS, HIDDEN = 5, 7, 4, 3, 5
LENGTHS = [2, 7, 0, 5]
CELLS = ("lstm_zoneout", "lstm_recurrent_dropout", "lstm_variational")


def drawn_call(layer, rng):
    shape = (len(layer._store.geometry.places), ROWS, HIDDEN)
    state, dstate = ({name: rng.standard_normal(shape) for name in "hc"} for _ in range(2))
    dy = rng.standard_normal((STEPS, ROWS, layer.output_size))
    return SimpleNamespace(x=rng.standard_normal((STEPS, ROWS, INPUTS)), state=state, dstate=dstate, dy=dy)


def found_by(layer, call, **keywords):
    (y, finals), pullback = layer.vjp(call.x, call.state, LENGTHS, key=KEY, **keywords)
    g = pullback(call.dy, call.dstate)
    found = {"y": y, "d_x": g.x} | {f"d_{name}": value for name, value in g.params.items()}
    found |= {f"{name}_T": value for name, value in finals.items()}
    return found | {f"d_{name}_0": value for name, value in g.state.items()}


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_those_of_pytorch(cell, bidirectional, train):
    layer = InterpreterModule(cell).layer()(INPUTS, HIDDEN, 2, bidirectional=bidirectional, dtype="float64", seed=1)
    call = drawn_call(layer, np.random.default_rng(3))
    masks = over_time(layer, KEY, STEPS, ROWS) if train else None
    expected = results(lambda p, x, s: layers(REFERENCES[cell], p, x, s, LENGTHS, masks=masks), layer.params, call)
    for name, value in found_by(layer, call, train=train).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-11, atol=1e-12, err_msg=name)
    evaluated = layer(call.x, call.state, LENGTHS)[0]
    if not train:
        np.testing.assert_allclose(evaluated, expected["y"], rtol=1e-12, atol=1e-13)
