"""Layers on a device step by step against the interpreter's whole sequences."""

import copy
import pickle
import sys

import numpy as np
import pytest

from rnncc.errors import ArgumentError, DeviceError, ShapeError
from tests.cuda import device
from tests.cuda.layers import INPUTS, TOLERANCE, H, N, T, drawn, placed, same
from tests.cuda.words import host
from tests.emit.test_cpu_simulated import WORDS


def steps(library, stream, x):
    """Each step's output, (T, N, O)."""
    return np.stack([host(stream(library.asarray(step))) for step in x])


def test_a_stack_with_memory_of_its_own(chip, layers):
    """Neither what is written to the layer later nor what it packs later reaches a stream."""
    here, there = layers("lstm", num_layers=2)
    x = drawn(T, N, INPUTS)
    expected, final = there(x)
    stream = here.stream(N)
    here.params["l0.U_i"] = np.zeros((H, H))
    here(chip.asarray(x))
    np.testing.assert_allclose(steps(chip, stream, x), expected, rtol=0, atol=TOLERANCE)
    same(stream.state, final)
    stream.reset()
    np.testing.assert_allclose(steps(chip, stream, x[:2]), expected[:2], rtol=0, atol=TOLERANCE)
    twin, other = copy.deepcopy(stream), copy.copy(stream)
    with pytest.raises(TypeError, match="cannot pickle a stream"):
        pickle.dumps(stream)
    for one in (stream, twin, other):
        np.testing.assert_allclose(steps(chip, one, x[2:]), expected[2:], rtol=0, atol=TOLERANCE)
    given = {"h": drawn(2, N, H, seed=1), "c": drawn(2, N, H, seed=2)}
    stream.reset(placed(chip, given))
    np.testing.assert_allclose(steps(chip, stream, x), there(x, given)[0], rtol=0, atol=TOLERANCE)
    same(twin.state, final)


def test_the_state_stays_where_it_is(chip, layers):
    """So that a step can be taken down once and launched again."""
    stream = layers("lstm")[0].stream(N)
    before = [array for place in stream._states for array in place.values()]
    stream(chip.asarray(drawn(N, INPUTS)))
    stream.reset()
    stream(chip.asarray(drawn(N, INPUTS)))
    assert all(a is b for a, b in zip(before, (a for place in stream._states for a in place.values()), strict=True))
    same(stream.state["c"], host(before[1])[None])


def test_whole_numbers_and_several_inputs(chip, layers):
    here, there = layers(str(WORDS))
    rng = np.random.default_rng(0)
    x = {"word": rng.integers(0, INPUTS, (T, N)), "speaker": rng.integers(0, 3, (T, N))}
    stream = here.stream(N)
    found = [stream(placed(chip, {name: array[time] for name, array in x.items()})) for time in range(T)]
    np.testing.assert_allclose(np.stack([host(y) for y in found]), there(x)[0], rtol=0, atol=TOLERANCE)


def test_what_it_attends_to(chip, layers):
    here, there = layers("lstm_attention")
    x, m, ends = drawn(T, N, INPUTS), drawn(N, 4, 16, seed=5), np.array([4, 1, 1, 2, 3])
    stream = here.stream(N, chip.asarray(m), ends)
    np.testing.assert_allclose(steps(chip, stream, x), there({"x": x, "m": m}, memory_lengths=ends)[0], rtol=0, atol=TOLERANCE)


def test_tensors_in_their_stream(chip, layers, monkeypatch):
    """A step in another stream waits for the one before, and the stream whose memory the state is waits for it."""
    stream = layers("lstm")[0].stream(N)
    null = chip.cuda.get_current_stream()
    monkeypatch.setitem(sys.modules, "torch", device.torch(stream=8))
    waits = []
    wait = device.Stream.wait_event
    monkeypatch.setattr(
        device.Stream, "wait_event", lambda self, event: (waits.append((self.ptr, event.stream.ptr)), wait(self, event))
    )
    x = device.Tensor(drawn(N, INPUTS))
    for expected in ([(8, 0), (0, 8)], [(0, 8)]):
        assert type(stream(x)) is device.Tensor
        assert waits == expected
        waits.clear()
    assert all(type(array) is device.Tensor for array in stream.state.values())
    assert waits == [(0, 8)]
    stream(chip.asarray(drawn(N, INPUTS)))
    assert waits[1:] == [(null.ptr, 8)]
    assert type(stream.state["h"]) is device.ndarray


def test_what_does_not_fit_leaves_the_state(chip, layers):
    here, _ = layers("lstm")
    stream = here.stream(N)
    stream(chip.asarray(drawn(N, INPUTS)))
    before = stream.state
    for x, fault, message in [
        (drawn(N, INPUTS), DeviceError, "x: found an array on the host"),
        ([[0.0] * INPUTS], DeviceError, "x: found builtins.list on the host"),
        (chip.asarray(drawn(N, INPUTS + 1)), ShapeError, "x: found shape"),
        (chip.asarray(drawn(N + 1, INPUTS)), ShapeError, "expected a batch of 5 rows"),
        (chip.asarray(drawn(INPUTS)), ShapeError, "expected a batch of 5 rows"),
    ]:
        with pytest.raises(fault, match=message):
            stream(x)
    same(stream.state, {name: host(array) for name, array in before.items()})
    with pytest.raises(ArgumentError, match="a bidirectional layer cannot read step by step"):
        layers("lstm", bidirectional=True)[0].stream()


def test_half_the_bytes_of_weights(chip, layers):
    """The same products as of whole sequences, added up in another order, and carried from step to step."""
    here, _ = layers("lstm", dtype="float32", weight_dtype="bfloat16")
    x = drawn(T, N, INPUTS).astype(np.float32)
    tolerance = T * (INPUTS + H) * np.finfo(np.float32).eps
    np.testing.assert_allclose(steps(chip, here.stream(N), x), host(here(chip.asarray(x))[0]), rtol=0, atol=tolerance)
