"""The cells of the catalogue with their options, a call of a layer with all its results, and what agreement means."""

from dataclasses import dataclass

import numpy as np

import rnncc

CORE = ("elman", "gru", "gru_cho", "gru_reset_after", "jordan", "lstm", "lstm_peephole")
"""What every test of layers goes through; `test_cells.py` has all of the catalogue."""
VARIANTS = {
    "elman": [{"phi": "tanh"}, {"phi": "relu"}, {"phi": "sigmoid"}],
    "jordan": [{"out": 3}],
}
CELLS = [(name, keywords) for name in CORE for keywords in VARIANTS.get(name, [{}])]
EACH_ONCE = [(name, VARIANTS.get(name, [{}])[0]) for name in CORE]

STEPS, ROWS, INPUTS, HIDDEN = 7, 9, 5, 19
"""Rows and units that fill no register tile and no vector of any width."""
LENGTHS = [3, 7, 0, 5, 1, 7, 0, 2, 6]
TOLERANCE = 1e-12
"""Of an array's largest magnitude, float64: sums of some hundred terms, carried through 7 steps of 3 layers and back, lose some
hundred times 1.1e-16."""


@dataclass(frozen=True)
class Call:
    """Arguments and cotangents: `x` (T, N, I), or by name, `dy` (T, N, D*O), `state` and `dstate` by name (L*D, N, units)."""

    x: np.ndarray | dict[str, np.ndarray]
    state: dict[str, np.ndarray]
    lengths: list[int] | None
    dy: np.ndarray
    dstate: dict[str, np.ndarray]


def layer_of(cell, keywords, num_layers=1, bidirectional=False, **more):
    common = {"dtype": "float64", "seed": num_layers} | more
    return rnncc.RNN(cell, INPUTS, HIDDEN, num_layers, bidirectional=bidirectional, **keywords, **common)


def call_of(layer, lengths=None, steps=STEPS, rows=ROWS, seed=0):
    """Random arguments and cotangents for `layer`, in its dtype."""
    rng = np.random.default_rng(seed)

    def draw(shape):
        return rng.standard_normal(shape).astype(layer.dtype)

    geometry = layer._store.geometry
    by_name = {name: draw((steps, rows, *geometry.shape(axes))) for name, axes in layer.cell.inputs}
    x = by_name if len(by_name) > 1 else by_name["x"]
    y, finals = layer(x)
    state = {k: draw(v.shape) / 2 for k, v in finals.items()}
    return Call(x, state, lengths, draw(y.shape), {k: draw(v.shape) for k, v in finals.items()})


def found_by(layer, call):
    """The layer's results by the names of `references.layers.results`; evaluation and training give the same bits."""
    evaluated, evaluated_finals = layer(call.x, call.state, call.lengths)
    (y, finals), pullback = layer.vjp(call.x, call.state, call.lengths)
    np.testing.assert_array_equal(evaluated, y)
    for name, final in finals.items():
        np.testing.assert_array_equal(evaluated_finals[name], final)
    g = pullback(call.dy, call.dstate)
    of_inputs = g.x if isinstance(g.x, dict) else {"x": g.x}
    found = (
        {"y": y}
        | {f"d_{k}": v for k, v in of_inputs.items()}
        | {f"{k}_T": v for k, v in finals.items()}
        | {f"d_{k}_0": v for k, v in g.state.items()}
    )
    return found | {f"d_{k}": v for k, v in g.params.items()}


def disagreement(found, expected, tolerance=TOLERANCE):
    """Name -> error of the arrays that differ by more than `tolerance`, relative to the largest magnitude expected."""
    assert found.keys() == expected.keys()
    errors = {k: np.abs(found[k] - v).max() / np.abs(v).max() for k, v in expected.items()}
    return {k: e for k, e in errors.items() if not e <= tolerance}


def changed(found, expected):
    """Names of the arrays that are not the same bits."""
    assert found.keys() == expected.keys()
    return [k for k, v in expected.items() if found[k].tobytes() != v.tobytes()]
