"""`reversible=True`: what it means for a layer."""

import pickle
from pathlib import Path

import numpy as np
import pytest

import rnncc
from rnncc.compiler import compile_cell
from rnncc.errors import ArgumentError
from rnncc.runtime import chunks, strand
from tests.emit.simulated import simulated_module
from tests.interpreter_engine import InterpreterModule

COUPLING = Path(__file__).parent / "cells" / "coupling.py"
LENGTHS = [2, 13, 0, 7]
TOLERANCE = 1e-11
"""float64: 13 steps back, and sums of some hundred terms in another order."""


@pytest.fixture
def short_segments(monkeypatch):
    monkeypatch.setattr(chunks, "ROWS", 8)
    monkeypatch.setattr(strand, "RUN_BACK", 4)


def of_python(cell, reversible):
    """The layer class of `cell`, its kernels run by Python."""
    made = compile_cell(cell, None, {"reversible": True} if reversible else None)
    return getattr(simulated_module(made.source), made.info.name)


def pulled(layer, x, **options):
    (y, finals), pullback = layer.vjp(x, **options)
    rng = np.random.default_rng(1)
    g = pullback(
        rng.standard_normal(y.shape).astype(y.dtype), {k: rng.standard_normal(v.shape).astype(y.dtype) for k, v in finals.items()}
    )
    return {"y": y, "x": g.x} | {f"{k}_0": v for k, v in g.state.items()} | g.params, pullback


@pytest.mark.parametrize("cell", ["unicornn", COUPLING], ids=["unicornn", "coupling"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["even", "ragged"])
@pytest.mark.parametrize("keywords", [{"bidirectional": True}, {"residual": True}, {"checkpoint": 3}, {"truncate": 5}], ids=str)
def test_gradients_are_those_of_states_that_are_kept(short_segments, rng, cell, lengths, keywords):
    back, kept = (of_python(cell, reversible)(3, 3, 2, dtype="float64", seed=1, **keywords) for reversible in (True, False))
    x = rng.standard_normal((13, 4, 3))
    with np.errstate(all="ignore"):  # memory past a sequence's end is anything
        found, expected = pulled(back, x, lengths=lengths)[0], pulled(kept, x, lengths=lengths)[0]
    np.testing.assert_array_equal(found["y"], expected["y"])
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=TOLERANCE, atol=TOLERANCE * np.abs(value).max(), err_msg=name)


def test_a_long_sequence_in_single_precision(rng, tmp_path, monkeypatch):
    """2000 steps: what is kept, how far gradients lie from those of float64, and what the layer tells of itself."""
    steps, rows, units = 2000, 4, 32
    back, kept = (rnncc.RNN("unicornn", 8, units, seed=1, **more) for more in ({"reversible": True}, {}))
    exact = InterpreterModule("unicornn").layer()(8, units, seed=1, dtype="float64")
    for name, view in exact.params.items():
        view[...] = kept.params[name]
    x = rng.standard_normal((steps, rows, 8)).astype("float32")
    (found, run_back), (plain, pullback), (right, _) = pulled(back, x), pulled(kept, x), pulled(exact, x.astype("float64"))
    stream = 4 * steps * rows * units
    assert run_back.nbytes - x.nbytes < 0.03 * stream
    assert pullback.nbytes - x.nbytes > 2 * stream
    for name, value in right.items():
        errors = [np.abs(g[name] - value).max() / np.abs(value).max() for g in (found, plain)]
        assert errors[0] < 1.5 * errors[1], name
    monkeypatch.setattr(strand, "RUN_BACK", steps)
    between = 7 * 2 * 4 * rows * units  # two states between each of eight segments and the next
    assert run_back.nbytes - pulled(back, x)[1].nbytes >= between
    monkeypatch.undo()
    assert "and back by the backward pass" in back.explain()
    assert "with reversible=True back by the backward pass" in kept.explain()
    assert "reversible=True" in repr(back)
    again = pickle.loads(pickle.dumps(back))
    np.testing.assert_array_equal(pulled(again, x)[0]["x"], found["x"])
    back.save(tmp_path / "w.safetensors")
    kept.load(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("cell", "keywords", "why"),
    [
        ("lstm", {}, "reversible: no step of LSTM can be undone (.*); checkpoint=k saves memory with any cell"),
        ("qrnn", {}, "no step of QRNN can be undone"),
        ("unicornn", {"zoneout": 0.1}, "no step of UnICORNN can be undone"),
    ],
)
def test_what_cannot_be_undone_is_refused(cell, keywords, why):
    with pytest.raises(ArgumentError, match=why):
        rnncc.RNN(cell, 3, 5, reversible=True, **keywords)
