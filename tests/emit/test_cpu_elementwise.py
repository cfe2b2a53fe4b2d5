"""Loops without a product: rows and units go through time by themselves."""

import numpy as np
import pytest

import rnncc
from rnncc.compiler import compile_cell
from rnncc.runtime.spin import LINE
from tests.emit.cpu_cases import arrays, expected_of, found_by, sweep_of, worst
from tests.emit.simulated import simulated_module
from tests.emit.test_cpu_simulated import CASES, TOLERANCE, check
from tests.schedule.cells import compiled

CELLS = ["indrnn", "lru", "mingru", "sru", "unicornn"]
SOONER = """
h, g = cell.state("h"), cell.state("g")
h_new = tanh(cell.weight("W", h, x) @ x + cell.vector("u", h) * g)
cell.next(h=h_new, g=h)
cell.output(h_new * g)
"""
RATED = """
h = cell.state("h")
dt = cell.input("dt", size=1)
h_new = h + dt * (tanh(cell.weight("W", h, x) @ x) - sigmoid(cell.scalar("k")) * h)
cell.next(h=h_new)
cell.output(h_new)
"""


def split_units(kernel, sweep, against, *arguments):
    """Two threads share the units of all rows. The second begins when the first is through: it must not wait for anything."""
    bounds = np.array([0, sweep.batch, sweep.batch])
    for part in range(2):
        kernel(part, None, bounds, np.zeros((1, LINE)), sweep.live(), against, *arguments)


@pytest.mark.parametrize("name", CELLS)
def test_their_source_means_what_the_program_does(name):
    made = compile_cell(name)
    for kernel in ("inference_fused", "inference_hoisted", "forward_fused", "forward_hoisted", "backward", "trace"):
        assert f"def {kernel}_loop(" in made.source
    assert "barrier(" not in made.source
    check(made)


def test_a_window_over_time_is_shifted_ahead_of_the_loop_alone():
    """Its cotangents are made of what the loop computes, one step on: backward makes that product step by step."""
    made = compile_cell("qrnn")
    forward, backward = made.source.split("def backward_loop(")
    assert "def forward_fused_loop(" in forward
    assert "barrier(" not in forward
    assert "barrier(" in backward.partition("@kernel")[0]
    check(made)


@pytest.mark.parametrize("text", [SOONER, RATED], ids=["sooner", "rated"])
def test_delayed_states_and_numbers_a_row(text, tmp_path):
    made = compiled(text, tmp_path)
    assert "barrier(" not in made.source
    check(made)


@pytest.mark.parametrize("name", ["sru", "unicornn"])
def test_units_are_shared_without_meeting(name):
    made = compile_cell(name)
    module = simulated_module(made.source)
    module.run_loop = split_units
    for (steps, rows, inputs, _), lengths, reverse in CASES:
        shape = (steps, rows, inputs, 40)  # vectors for both threads
        env, sweep = arrays(made, shape, scale=0.4), sweep_of(shape, lengths, reverse)
        with np.errstate(all="ignore"):  # memory past a sequence's end is anything
            found = found_by(module, made, env, sweep)
        error, key = worst(found, expected_of(made, env, sweep))
        assert error < TOLERANCE, key


def test_a_product_of_the_state_is_no_such_loop():
    assert "barrier(" in compile_cell("elman").source
    assert "barrier(" in compile_cell("scrn").source


def test_threads_rows_and_segments_leave_the_bits_alone():
    """Steps for several turns of each vector; two rows, whose units threads share, and forty, which they split."""
    rng = np.random.default_rng(0)
    one, two = (rnncc.RNN("sru", 5, 40, threads=threads, seed=1) for threads in (1, 2))
    x = rng.standard_normal((37, 40, 5)).astype(np.float32)
    lengths = np.array([37, 0, 17, *rng.integers(1, 38, 37)])
    for rows in (2, 40):
        alone, shared = (layer.vjp(x[:, :rows], lengths=lengths[:rows]) for layer in (one, two))
        np.testing.assert_array_equal(alone[0][0], shared[0][0])
        np.testing.assert_array_equal(alone[1](alone[0][0]).x, shared[1](alone[0][0]).x)
        np.testing.assert_array_equal(alone[0][0], one(x[:, :rows], lengths=lengths[:rows])[0])
    whole, final = two(x)
    np.testing.assert_array_equal(whole[:, :2], two(x[:, :2])[0])  # products made in the loop, and ahead of it
    first, state = two(x[:20])
    rest, last = two(x[20:], state)
    np.testing.assert_array_equal(whole, np.concatenate([first, rest]))
    np.testing.assert_array_equal(final["c"], last["c"])
    stream = one.stream(40)
    np.testing.assert_array_equal(whole, np.stack([stream(step).copy() for step in x]))
