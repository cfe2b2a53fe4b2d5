"""Layers that attend to memories: the ways to give them, the same results whatever the threads and segments, and what is refused."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import rnncc
from rnncc.errors import ArgumentError, DtypeError, ShapeError
from tests.interpreter_engine import InterpreterModule

STEPS, ROWS, INPUTS, HIDDEN, POSITIONS, SIZES = 5, 4, 3, 6, 4, {"memory": 5, "attention": 7}
LENGTHS, COUNTS = [3, 5, 0, 4], [4, 0, 2, 1]
TWO = Path(__file__).parent.parent / "emit" / "cells" / "memories.py"
TOLERANCE = 1e-12
"""Of an array's largest magnitude, float64: sums of some tens of terms over 5 steps lose some hundred times 1.1e-16."""


@cache
def engine(cell):
    return InterpreterModule(cell).layer()


def interpreted(cell="lstm_attention", **more):
    """A layer on the interpreter: everything but the kernels."""
    return engine(cell)(INPUTS, HIDDEN, **{"dtype": "float64", "seed": 1} | (SIZES if cell != TWO else {}) | more)


def compiled(**more):
    return rnncc.RNN("lstm_attention", INPUTS, HIDDEN, dtype="float64", seed=1, **SIZES, **more)


def drawn(steps=STEPS, rows=ROWS):
    rng = np.random.default_rng(3)
    return {"x": rng.normal(size=(steps, rows, INPUTS)), "m": rng.normal(size=(rows, POSITIONS, SIZES["memory"]))}


def same(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE * np.abs(expected).max(initial=1))


def test_each_row_attends_to_its_own_memory():
    """In any order of lengths, and as if it were alone, its memory as long as it says."""
    layer, x = interpreted(bidirectional=True), drawn()
    (y, state), pullback = layer.vjp(x, lengths=LENGTHS, memory_lengths=COUNTS)
    g = pullback(y)
    for row, (length, count) in enumerate(zip(LENGTHS, COUNTS, strict=True)):
        alone = {"x": x["x"][:length, row], "m": x["m"][row, : max(count, 1)]}
        (y_row, last), back = layer.vjp(alone, memory_lengths=None if count else [0])
        same(y[:length, row], y_row)
        same(state["h"][:, row], last["h"])
        assert alone["m"].shape == back(y_row).x["m"].shape
        same(g.x["m"][row, : max(count, 1)], back(y_row).x["m"])
        assert not g.x["m"][row, count:].any()


def test_what_lies_beyond_is_not_looked_at():
    layer, x = interpreted(), drawn()
    expected, _ = layer(x, memory_lengths=COUNTS)
    beyond = np.arange(POSITIONS) >= np.array(COUNTS)[:, None]
    x["m"][beyond] = np.nan
    (y, _), pullback = layer.vjp(x, memory_lengths=COUNTS)
    np.testing.assert_array_equal(y, expected)
    assert not pullback(y).x["m"][beyond].any()


def test_batch_first_turns_streams_alone():
    x = drawn()
    y, _ = interpreted()(x, memory_lengths=COUNTS)
    turned = interpreted(batch_first=True)({"x": x["x"].swapaxes(0, 1), "m": x["m"]}, memory_lengths=COUNTS)[0]
    np.testing.assert_array_equal(turned.swapaxes(0, 1), y)


def test_the_pullback_belongs_to_the_memory_of_its_call():
    layer, x = interpreted(), drawn()
    (y, _), pullback = layer.vjp(x)
    expected = pullback(y).x["m"]
    x["m"][...] = 7
    np.testing.assert_array_equal(pullback(y).x["m"], expected)


def test_two_memories_with_lengths_of_their_own():
    layer, x = interpreted(TWO), drawn()
    x = {"x": x["x"], "a": np.ones((ROWS, 2, HIDDEN)), "b": np.ones((ROWS, 3, 3))}
    (y, _), pullback = layer.vjp(x, memory_lengths={"b": [*COUNTS[1:], 3]})
    assert {k: v.shape for k, v in pullback(y).x.items()} == {k: v.shape for k, v in x.items()}
    with pytest.raises(ArgumentError, match="Memories attends to a, b: give memory_lengths as a dict with these keys"):
        layer(x, memory_lengths=COUNTS)
    with pytest.raises(ArgumentError, match="memory_lengths: Memories has no memory 'c'"):
        layer(x, memory_lengths={"c": COUNTS})
    with pytest.raises(ShapeError, match="memory_lengths of a: found 4 at row 0, expected 0 to S = 2"):
        layer(x, memory_lengths={"a": COUNTS})


def test_kernels_streams_and_traces():
    layer, x = compiled(), drawn()
    y, finals = layer(x, memory_lengths=COUNTS)
    same(y, interpreted()(x, memory_lengths=COUNTS)[0])
    stream = layer.stream(ROWS, x["m"], COUNTS)
    for t in range(STEPS):
        same(stream(x["x"][t]), y[t])
    same(stream.state["c"], finals["c"])
    alpha = layer.trace(x, "alpha", memory_lengths=COUNTS)["alpha"]
    assert alpha.shape == (STEPS, ROWS, POSITIONS)
    same(alpha.sum(-1), np.broadcast_to(np.array(COUNTS) > 0, (STEPS, ROWS)))


def test_the_same_bits_for_any_threads_and_checkpoints():
    """Rows so few that threads share units and lines of matrices, steps enough for two chunks of time."""
    x, found = drawn(600, 2), []
    for threads, checkpoint in ((1, None), (2, None), (2, 1)):
        (y, _), pullback = compiled(threads=threads, checkpoint=checkpoint).vjp(x, lengths=[560, 600], memory_lengths=[3, 4])
        g = pullback(y)
        found.append([y.tobytes(), g.x["m"].tobytes(), *(v.tobytes() for v in g.params.values())])
    assert found[0] == found[1] == found[2]


def test_what_is_missing_is_named():
    layer, x = interpreted(), drawn()
    with pytest.raises(ArgumentError, match="LSTMAttention has the inputs x, m: give x as a dict with these keys"):
        layer(x["x"])
    with pytest.raises(ArgumentError, match="x: found the keys x, m missing"):
        layer({"x": x["x"]})
    with pytest.raises(ArgumentError, match="LSTMAttention has no input 'q'"):
        layer(x | {"q": 1})
    with pytest.raises(ArgumentError, match="LSTMAttention attends to m: give memory=, a dict with these keys"):
        layer.stream(ROWS)


@pytest.mark.parametrize(
    "shape", [(ROWS, POSITIONS), (ROWS + 1, POSITIONS, 5), (ROWS, POSITIONS, 4), (ROWS, 0, 5), (STEPS, ROWS, 2, 5)]
)
def test_memories_of_wrong_shapes(shape):
    with pytest.raises(ShapeError, match=r"memory m: found shape .*, expected \(N = 4, S, memory = 5\): .*, with one position or more"):
        interpreted()(drawn() | {"m": np.zeros(shape)})


def test_a_memory_of_another_dtype():
    x = drawn()
    with pytest.raises(DtypeError, match="memory m: found float32, expected float64"):
        interpreted()(x | {"m": x["m"].astype("float32")})


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ([1, 2, 3], r"memory_lengths of m: found shape \(3,\), expected \(N = 4,\): one length a sequence"),
        ([1, 2, 3, 5], "memory_lengths of m: found 5 at row 3, expected 0 to S = 4"),
        ([1.0, 2.0, 3.0, 4.0], "memory_lengths of m: found float64, expected whole numbers"),
    ],
)
def test_lengths_that_do_not_fit(counts, text):
    with pytest.raises(ShapeError, match=text):
        interpreted()(drawn(), memory_lengths=counts)


def test_a_cell_without_a_memory():
    layer = rnncc.RNN("elman", INPUTS, HIDDEN, dtype="float64", seed=0)
    with pytest.raises(ArgumentError, match="memory_lengths: Elman attends to no memory; leave it out"):
        layer(drawn()["x"], memory_lengths=COUNTS)
    with pytest.raises(ArgumentError, match="memory: Elman attends to no memory; leave it out"):
        layer.stream(1, memory=drawn()["m"])
