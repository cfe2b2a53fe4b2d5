"""Gradients through expressions of weights, against PyTorch."""

from pathlib import Path

import numpy as np

from rnncc.compiler import normalised
from rnncc.emit.numpy import run
from rnncc.lower import lower
from rnncc.passes import differentiate
from rnncc.spec import load, load_text
from tests.passes.closure import TOLERANCE
from tests.passes.programs import arrays, relative
from tests.references.reference import torch

CELL = Path(__file__).parents[1] / "emit" / "cells" / "weights.py"
STEPS, SIZES = 5, {"input": 3, "hidden": 4}


def written_out(p, x, h):
    m = p["A"] - p["A"].T - p["gamma"] * torch.eye(4, dtype=torch.float64)
    k = p["g"] * torch.exp(p["A"]).triu()
    v = torch.nn.functional.softplus(p["V"]) / 2
    scale = 1 + torch.arange(4, dtype=torch.float64) / 4
    outputs = []
    for row in x:
        h = torch.tanh(h @ m.T + row @ p["B"] + torch.tanh(h) @ k.T + torch.cat([h, row], -1) @ v.T) * scale
        outputs.append(h @ p["A"] + row @ p["B"])
    return torch.stack(outputs), h


def test_gradients_through_expressions_of_weights():
    joint = normalised(differentiate(lower(load(CELL))))
    env = arrays(joint, np.random.default_rng(0), STEPS, 2, SIZES)
    found = run(joint, env)
    given = {k: torch.tensor(v, requires_grad=True) for k, v in env.items() if not k.startswith("d_")}
    y, last = written_out(given, given["x"], given["h_0"])
    (torch.tensor(env["d_output"]) * y).sum().add((torch.tensor(env["d_h_T"]) * last).sum()).backward()
    expected = {"output": y, "h_T": last} | {f"d_{k}": v.grad for k, v in given.items() if k != "gamma"}
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert relative(found[key], value.detach().numpy()) < TOLERANCE, key


def test_a_frozen_weight_gives_its_transposed_use_no_gradient():
    text = CELL.read_text().replace('"B", x, h', '"B", x, h, frozen=True')
    joint = normalised(differentiate(lower(load_text(text)), wrt=["x", "A"]))
    assert {key for key, _ in joint.outputs} == {"output", "h_T", "d_x", "d_A"}
    assert not any(n.type == ("input", "hidden") for n in joint.nodes)
