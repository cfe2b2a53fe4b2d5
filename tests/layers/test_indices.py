"""Layers that read whole numbers: columns of weights picked by them, against embeddings in PyTorch."""

from dataclasses import dataclass

import numpy as np
import pytest

import rnncc
from rnncc.errors import ArgumentError, DtypeError, ShapeError
from tests.layers.words import HIDDEN, LENGTHS, PATH, ROWS, SPEAKERS, STEPS, WORDS, drawn, step
from tests.references.layers import layers, results

TOLERANCE = 1e-12
"""Of an array's largest magnitude, float64: sums of some tens of terms over 9 steps lose some hundred times 1.1e-16."""


@dataclass(frozen=True)
class Call:
    x: dict
    state: dict
    dy: np.ndarray
    dstate: dict


def layer_of(**more):
    return rnncc.RNN(PATH, WORDS, HIDDEN, **{"dtype": "float64", "seed": 3, "speakers": SPEAKERS} | more)


def call_of(layer, rng):
    y, finals = layer(drawn())
    dstate = {k: rng.standard_normal(v.shape) for k, v in finals.items()}
    return Call(drawn(), {k: rng.standard_normal(v.shape) for k, v in finals.items()}, rng.standard_normal(y.shape), dstate)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_both_directions_against_the_equations(rng, lengths):
    layer = layer_of(bidirectional=True)
    call = call_of(layer, rng)
    expected = results(lambda p, x, s: layers(step, p, x, s, lengths), layer.params, call)
    (y, finals), pullback = layer.vjp(call.x, call.state, lengths)
    g = pullback(call.dy, call.dstate)
    assert g.x == {"word": None, "speaker": None}
    found = {"y": y} | {f"{k}_T": v for k, v in finals.items()} | {f"d_{k}": v for k, v in g.params.items()}
    found |= {f"d_{k}_0": v for k, v in g.state.items()}
    assert found.keys() == expected.keys() - {"d_word", "d_speaker"}
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=0, atol=TOLERANCE * np.abs(expected[name]).max(), err_msg=name)


def test_any_whole_numbers_mean_the_same(rng):
    layer = layer_of()
    y, _ = layer(drawn())
    for dtype in ("int32", "uint8", ">i8"):
        np.testing.assert_array_equal(layer({k: v.astype(dtype) for k, v in drawn().items()})[0], y)
    np.testing.assert_array_equal(layer({k: v.tolist() for k, v in drawn().items()})[0], y)
    turned = layer_of(batch_first=True)({k: v.T for k, v in drawn().items()})[0]
    np.testing.assert_array_equal(turned.swapaxes(0, 1), y)


def test_the_same_bits_for_any_threads_and_checkpoints(rng):
    """Rows enough for several chunks of time, and for threads to share the sums."""
    x, found = drawn(40, 97), []
    for threads, checkpoint in ((1, None), (2, None), (2, 11)):
        layer = layer_of(threads=threads, checkpoint=checkpoint)
        (y, _), pullback = layer.vjp(x, lengths=np.arange(97) % 41)
        g = pullback(y)
        found.append([y.tobytes(), *(v.tobytes() for v in g.params.values())])
    assert found[0] == found[1] == found[2]


def test_a_stream_is_a_call_step_by_step():
    layer = layer_of()
    y, finals = layer(drawn())
    stream = layer.stream(ROWS)
    for t in range(STEPS):
        given = {k: v[t] for k, v in drawn().items()}
        np.testing.assert_allclose(stream(given), y[t], rtol=0, atol=TOLERANCE * np.abs(y).max())
    np.testing.assert_allclose(stream.state["h"], finals["h"], rtol=0, atol=TOLERANCE)
    with pytest.raises(ArgumentError, match="input word: found 13 at time 0, batch 2; expected whole numbers from 0 to 12"):
        stream({"word": [0, 1, 13, 0, 0, 0], "speaker": [0] * ROWS})
    np.testing.assert_allclose(stream.state["h"], finals["h"], rtol=0, atol=TOLERANCE)


def test_the_trace_of_what_is_picked():
    layer = layer_of()
    np.testing.assert_array_equal(layer.trace(drawn(), "e")["e"], layer.params["l0.E"].T[drawn()["word"]])


def test_numbers_out_of_range_are_named():
    layer, x = layer_of(), drawn()
    x["word"][4, 2] = -1
    with pytest.raises(ArgumentError, match="input word: found -1 at time 4, batch 2; expected whole numbers from 0 to 12"):
        layer(x)
    with pytest.raises(ArgumentError, match="input speaker: found 3 at batch 0, time 0; expected whole numbers from 0 to 2"):
        layer_of(batch_first=True)({"word": [[0]], "speaker": [[3]]})
    with pytest.raises(ArgumentError, match="input word: found 13 at time 1; expected"):
        layer({"word": [0, 13], "speaker": [0, 0]})
    with pytest.raises(ArgumentError, match="input word: found 9223372036854775807 at time 1; expected"):
        layer({"word": np.array([0, 2**64 - 1], np.uint64), "speaker": [0, 0]})


def test_what_lies_in_the_padding_is_not_looked_at():
    layer, x = layer_of(), drawn()
    expected, _ = layer(x, lengths=LENGTHS)
    dead = np.arange(STEPS)[:, None] >= LENGTHS
    x["word"][dead] = -100
    np.testing.assert_array_equal(layer(x, lengths=LENGTHS)[0], expected)


def test_numbers_that_are_not_whole_are_refused():
    layer, x = layer_of(), drawn()
    with pytest.raises(DtypeError, match="input word: found float64, expected whole numbers; convert with"):
        layer(x | {"word": x["word"].astype(float)})
    with pytest.raises(DtypeError, match="input speaker: found bool, expected whole numbers"):
        layer(x | {"speaker": x["speaker"] > 0})
    with pytest.raises(ShapeError, match="input word: found shape"):
        layer(x | {"word": x["word"][..., None].repeat(2, -1)})


def test_layers_that_would_read_floats_as_words_are_refused():
    with pytest.raises(ArgumentError, match=r"num_layers=2: Words reads whole numbers \(word\).*of input_size 26"):
        layer_of(num_layers=2, bidirectional=True)
    with pytest.raises(ArgumentError, match=r"residual=True adds the input .* Words reads whole numbers \(word\)"):
        layer_of(residual=True)
