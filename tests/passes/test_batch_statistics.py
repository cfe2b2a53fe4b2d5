"""Sums over steps and rows that the step reads again: the meaning of batch normalisation in training, and its gradient."""

import numpy as np
import pytest
import sympy as sp

from rnncc.emit.numpy import run
from rnncc.ir import Carry, Contract, Input, Pointwise, Program, Reduce, verify
from rnncc.passes import cse, dce, differentiate
from tests.passes.closure import gradients, tensors
from tests.passes.programs import STREAM, arrays, relative, s, tanh
from tests.references.reference import torch

EPSILON, LENGTHS = 1e-5, [5, 3, 0, 1]


def normalised():
    """`h' = tanh(norm(W @ x) + U @ h)`, the norm over all steps and rows that are alive."""
    nodes = (
        Contract("v", STREAM, "W", "x", "ij,TNj->TNi"),
        Pointwise("one", STREAM[:2], sp.S.One),
        Reduce("count", (), "one", "sum"),
        Reduce("v_sum", ("hidden",), "v", "sum"),
        Pointwise("d", STREAM, s("v") - s("v_sum") / s("count")),
        Pointwise("square", STREAM, s("d") ** 2),
        Reduce("squares", ("hidden",), "square", "sum"),
        Contract("U_h", STREAM, "U", "h", "ij,TNj->TNi"),
        Pointwise("h_new", STREAM, tanh(s("d") / sp.sqrt(s("squares") / s("count") + EPSILON) + s("U_h"))),
    )
    inputs = [Input("x", ("T", "N", "input"), "input"), Input("h_0", ("N", "hidden"), "init")]
    inputs += [Input("W", ("hidden", "input"), "param"), Input("U", ("hidden", "hidden"), "param")]
    carries = (Carry("h", "h_0", "h_new", "h_T", STREAM),)
    return verify(Program("Normalised", tuple(inputs), carries, nodes, (("output", "h_new"),)))


def written_out(p, live):
    v = p["x"] @ p["W"].T
    found = v[live]
    n = (v - found.mean(0)) / torch.sqrt(found.var(0, unbiased=False) + EPSILON)
    h, outputs = p["h_0"], []
    for k, alive in enumerate(live):
        new = torch.tanh(n[k] + h @ p["U"].T)
        h = torch.where(alive[:, None], new, h)
        outputs.append(torch.where(alive[:, None], new, 0))
    return torch.stack(outputs)


def test_gradients_pass_through_the_statistics():
    joint = verify(dce(cse(verify(differentiate(normalised())))))
    env = arrays(joint, np.random.default_rng(0))
    values = tensors({k: v for k, v in env.items() if k != "d_output"})
    live = torch.arange(5)[:, None] < torch.tensor(LENGTHS)
    y = written_out(values, live)
    expected = gradients((y * torch.tensor(env["d_output"])).sum(), values)
    found = run(joint, env, LENGTHS)
    assert relative(found["output"], y.detach().numpy()) < 1e-13
    for name, slope in expected.items():
        assert relative(found[f"d_{name}"], slope.numpy()) == pytest.approx(0, abs=1e-12), name
