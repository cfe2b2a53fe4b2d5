"""Residuals that are kept as bfloat16 in a layer of that: which, and that both sweeps agree on it."""

import re

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from tests.emit import simulated_cuda
from tests.emit.cpu_cases import arrays, expected_of, found_by, sweep_of, worst
from tests.emit.test_cuda_simulated import CASES
from tests.schedule.cells import compiled

HALF_A_BIT = 2.0**-8
"""By which a number is off, relatively, once it is rounded to seven bits behind the point."""

FUNCTIONS = """
h = cell.state("h")
a = cell.weight("U", h, h) @ h + cell.weight("W", h, x) @ x
s, p = sigmoid(a), tanh(a)
q = s * p
cell.next(h=h + exp(q) * s)
cell.output(h * p)
"""
"""Backward makes exp(q) again of s and p; of which it knows by q alone."""
CHOSEN = """
h = cell.state("h")
a = cell.weight("U", h, h) @ h + cell.weight("W", h, x) @ x
g, k = tanh(a), sigmoid(cell.weight("V", h, x) @ x + cell.weight("R", h, h) @ h)
cell.next(h=Piecewise((g * k, k > 0.5), (g, True)))
cell.output(h)
"""
"""A choice by k between sums and products of g."""
READ_AGAIN = """
h = cell.state("h")
r = sigmoid(cell.weight("U", h, h) @ h + cell.weight("W", h, x) @ x)
p = r * h
c_new = tanh(cell.weight("V", h, h) @ p)
cell.next(h=tanh(c_new * r))
cell.output(c_new)
"""
"""r is read in the phases before and behind a product, c_new leaves the layer."""


def written(source):
    """What `forward` keeps narrow; and `backward` reads the same so."""
    forward, backward = source.partition("def forward_")[2].split("\ndef forward(")[0], source.partition("def backward_")[2]
    kept = set(re.findall(r"(\w+)_seq\[.*\] = narrowed\((?:\w+), \w+\)", forward))
    assert kept == set(re.findall(r"widened\((\w+)_seq\[", backward.partition("def trace_")[0]))
    assert kept == set(re.findall(r"(\w+)_seq = new_residual\(", source))
    return kept


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("lstm", {"i", "g", "o"}),  # f is what the cotangent of c is multiplied by from step to step
        ("gru", {"r", "n"}),  # z that of h
        ("gru_reset_after", {"r", "n", "U_n_h"}),
        ("lstm_peephole", {"o"}),  # c reads itself through i, f and, by i, g
        ("indrnn", set()),
        ("slstm", {"i", "o", "z"}),  # exponents, and what stabilises them, are kept as they are
    ],
)
def test_residuals_of_a_cell(cell, expected):
    assert written(compile_cell(cell).cuda_source) == expected


@pytest.mark.parametrize(
    ("text", "kept", "expected"),
    [(FUNCTIONS, {"s", "p"}, set()), (CHOSEN, {"g", "k"}, {"g"}), (READ_AGAIN, {"r", "c_new"}, set())],
    ids=["functions", "chosen", "read again"],
)
def test_what_is_kept_as_it_is(text, kept, expected, tmp_path):
    source = compiled(text, tmp_path).cuda_source
    handed = source.partition("def forward(")[2].partition("@kernel")[0]
    assert all(f'"{name}": {name}_seq' in handed for name in kept)
    assert written(source) == expected


@pytest.mark.parametrize("cell", ["gru_reset_after", "slstm", "mogrifier"])
def test_gradients_from_rounded_residuals(cell, monkeypatch):
    """All else in float64. A gradient is made of products of a few residuals, each off by half a bit: 20 of them as of layers."""

    def new_residual(sweep, _env, _dtype, *units):
        return simulated_cuda.new_stream(sweep, np.dtype(np.uint16), *units)

    widened = simulated_cuda.widened
    monkeypatch.setitem(simulated_cuda.PRIMITIVES, "new_residual", new_residual)
    monkeypatch.setitem(simulated_cuda.PRIMITIVES, "widened", lambda value: np.float64(widened(value)))
    made = compile_cell(cell)
    module = simulated_cuda.simulated_cuda_module(made.cuda_source)
    for shape, lengths, reverse in CASES:
        env, sweep = arrays(made, shape, scale=0.4), sweep_of(shape, lengths, reverse)
        with np.errstate(all="ignore"):  # memory past a sequence's end is anything
            found = found_by(module, made, env, sweep)
        error, key = worst(found, expected_of(made, env, sweep))
        assert HALF_A_BIT / 100 < error < 20 * HALF_A_BIT, key
