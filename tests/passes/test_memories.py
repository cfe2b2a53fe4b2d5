"""Reductions over the positions that exist, and their gradients, against PyTorch's autograd of the same written out."""

from pathlib import Path

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from rnncc.emit.numpy import run
from tests.emit.cpu_cases import arrays, positions_of
from tests.passes.programs import relative
from tests.references.layers import results, unroll
from tests.references.reference import linear, torch

PATH = Path(__file__).parent.parent / "emit" / "cells" / "memories.py"
SHAPE, LENGTHS = (5, 7, 3, 4), [5, 5, 4, 0, 3, 1, 2]
TOLERANCE = 1e-12
"""Relative to an array's largest magnitude: some hundred roundings of 1.1e-16 in sums over 5 steps and 7 rows, with room."""


class Call:
    def __init__(self, made, env):
        self.x = {"x": env["x"]} | {m.name: env[m.name] for m in made.info.memories}
        self.state, self.dy, self.dstate = {"h": env["h_0"]}, env["d_output"], {"h": env["d_h_T"]}


def only(rows, positions):
    """The values of each row at its positions that exist, one tensor a row."""
    return [row[:count] for row, count in zip(rows, positions, strict=True)]


def over(function, rows, positions, units):
    """`function` of what exists of each row; zero of nothing."""
    return torch.stack([function(r) if len(r) else r.new_zeros(units) for r in only(rows, positions)])


def spread(function, rows, positions):
    """As `over`, of a function that gives one number a position; zero beyond."""
    pairs = zip(only(rows, positions), rows, strict=True)
    return torch.stack([torch.cat([function(r), whole.new_zeros(len(whole) - len(r))]) for r, whole in pairs])


def step(x, state, p):
    """`memories.py`, row by row of the batch."""
    h, a, b, count = state["h"], x["a"], x["b"], x["positions"]
    softmax = torch.nn.Softmax(0)
    alpha = spread(softmax, (a * h[:, None]).sum(-1), count)
    beta = spread(softmax, (torch.tanh(b @ p["B"].T) * x["x"][:, None]).mean(-1), count)
    read = (alpha[..., None] * a).sum(1) + over(lambda r: r.max(), 2 * alpha, count, ())[:, None] - (beta**2).sum(-1, keepdim=True)
    pooled = over(lambda r: r.mean(0), b, count, b.shape[2:]) + over(lambda r: r.amax(0), b, count, b.shape[2:])
    z = linear(p, "W", x["x"]) + read + linear(p, "G", pooled) * h + pooled.sum(-1, keepdim=True) * h
    return torch.tanh(z), {"h": torch.tanh(z)}


@pytest.mark.parametrize("reverse", [False, True])
def test_reductions_over_positions(reverse):
    made = compile_cell(PATH)
    env = arrays(made, SHAPE)
    positions = torch.tensor(positions_of(SHAPE[1]))

    def run_through(p, x, state):
        memory = {"a": x["a"], "b": x["b"], "positions": positions}
        return unroll(step, p, {"x": x["x"]}, state, LENGTHS, reverse, memory=memory)

    expected = results(run_through, {p.name: env[p.name] for p in made.info.parameters}, Call(made, env))
    found = run(made.joint, env, LENGTHS, reverse=reverse)
    errors = {key: relative(found["output" if key == "y" else key], value) for key, value in expected.items()}
    assert not {key: e for key, e in errors.items() if e > TOLERANCE}


def test_what_lies_beyond_has_no_part():
    made = compile_cell(PATH)
    env = arrays(made, SHAPE)
    expected = run(made.joint, env)
    for m in made.info.memories:
        env[m.name] = np.where(env[m.exists][..., None] > 0, env[m.name], 700.0)  # exp(700²) is infinite
    found = run(made.joint, env)
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)
