"""Time loops as scans: chunks of steps, on Python threads, against the interpreter."""

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from tests.emit import simulated_cuda
from tests.emit.cpu_cases import arrays, expected_of, found_by, sweep_of, worst
from tests.emit.simulated_cuda import simulated_cuda_module
from tests.emit.test_cpu import single_tolerance
from tests.emit.test_cpu_simulated import TOLERANCE
from tests.schedule.cells import compiled

CASES = [((7, 3, 2, 5), None, False), ((7, 5, 2, 5), (7, 6, 4, 1, 0), True), ((1, 2, 2, 3), None, False)]
"""(T, N, I, H), lengths, reverse; sequences that end before their last chunk begins, and a single step."""
BOTH = ("lru", "mingru", "minlstm", "qrnn")
"""Cells whose own loop is affine."""
BACKWARD = ("brc", "indrnn", "sru", "unicornn")
"""Cells of which only the loop of the cotangents is."""
CHAINED = """
h, c, g = cell.state("h"), cell.state("c"), cell.state("g")
z = sigmoid(cell.weight("W", h, x) @ x)
c_new = z * c + 0.5 * h
h_new = Piecewise((h / (1 + z), z > 0.5), (z - h, True))
cell.next(h=h_new, c=c_new, g=g - z * tanh(z))
cell.output(tanh(c_new) * g + h)
"""
"""States one of which reads another, and one apart; a value of theirs that is not affine, but feeds none of them."""
FORGETS = """
h, c = cell.state("h"), cell.state("c")
z = cell.weight("W", h, x) @ x
cell.next(h=z * c, c=h + z)
cell.output(h * c)
"""
"""States of which each is made of the other alone."""


def check(made, monkeypatch, chunks):
    monkeypatch.setattr(simulated_cuda, "CHUNKS", chunks)
    module = simulated_cuda_module(made.cuda_source)
    for shape, lengths, reverse in CASES:
        env, sweep = arrays(made, shape, scale=0.4), sweep_of(shape, lengths, reverse)
        with np.errstate(all="ignore"):  # memory past a sequence's end is anything
            found = found_by(module, made, env, sweep)
        error, key = worst(found, expected_of(made, env, sweep))
        assert error < TOLERANCE, f"{key}, {shape}, lengths {lengths}, reverse {reverse}"


@pytest.mark.parametrize("chunks", [1, 2, 5])
@pytest.mark.parametrize("name", [*BOTH, *BACKWARD])
def test_a_cell(name, chunks, monkeypatch):
    check(compile_cell(name), monkeypatch, chunks)


@pytest.mark.parametrize("text", [CHAINED, FORGETS], ids=["chained", "forgets"])
def test_states_that_meet(text, tmp_path, monkeypatch):
    made = compiled(text, tmp_path)
    assert "forward_maps" in made.cuda_source
    check(made, monkeypatch, 3)


@pytest.mark.parametrize("name", ["lru", "mingru"])
def test_in_float32(name, monkeypatch):
    made, shape = compile_cell(name), (128, 2, 2, 3)
    module = simulated_cuda_module(made.cuda_source)
    env, sweep = arrays(made, shape, np.float32, scale=0.4), sweep_of(shape)
    monkeypatch.setattr(simulated_cuda, "CHUNKS", 32)
    found = found_by(module, made, env, sweep)
    assert all(v.dtype == np.float32 for v in found.values())
    error, key = worst(found, expected_of(made, env, sweep))
    assert error < single_tolerance(shape, backward=True), key
