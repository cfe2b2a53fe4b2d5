"""Residuals that are kept as bfloat16 in a layer of that: which, and that both sweeps agree on it."""

import re

import pytest

from rnncc.compiler import compile_cell
from tests.schedule.cells import compiled

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
