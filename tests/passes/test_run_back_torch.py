"""Gradients and second derivatives through states that are run back, against PyTorch's autograd of the steps written out."""

import numpy as np
import pytest

from rnncc.emit.numpy import run
from rnncc.ir import verify
from rnncc.lower import lower
from rnncc.passes import cse, dce, differentiate, run_back
from rnncc.spec import load
from tests.passes.closure import gradients, like, paired, tensors
from tests.passes.programs import arrays, relative
from tests.passes.test_run_back import COUPLING, LENGTHS, SIZES, STEPS, TOLERANCE
from tests.references.diagonal import unicornn
from tests.references.layers import unroll
from tests.references.reference import torch


def coupling(x, state, p):
    h = state["h"] + torch.tanh(state["c"] @ p["U"].T + x["x"] @ p["W"].T)
    c = state["c"] - h.mean(-1, keepdim=True) * torch.tanh(h @ p["V"].T + p["b"])
    g = torch.tanh(0.5 * state["g"] + h)
    return g * c, {"h": h, "c": c, "g": g}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("source", "step"), [("unicornn", unicornn), (COUPLING, coupling)], ids=["unicornn", "coupling"])
def test_of_a_step_that_is_run_back(source, step, reverse):
    cell = verify(lower(load(source)))
    names = [i.name for i in cell.inputs if i.role not in ("size", "const")]
    first = verify(dce(run_back(verify(dce(cse(verify(differentiate(cell, wrt=names))))))))
    second = verify(dce(cse(verify(differentiate(first, of=[f"d_{k}" for k in names], prefix="e_")))))
    env = arrays(cell, np.random.default_rng(0), STEPS, len(LENGTHS), SIZES) | {"dt": 0.1, "alpha": 1.0}
    values = tensors({k: env[k] for k in names})
    state = {k.removesuffix("_0"): v for k, v in values.items() if k.endswith("_0")}
    y, final = unroll(step, values, values["x"], state, LENGTHS, reverse)
    outputs = {"output": y} | {f"{k}_T": v for k, v in final.items()}
    seeds = like(outputs, "d_", np.random.default_rng(1))
    seed_values = tensors(seeds)
    slopes = gradients(paired(seed_values, outputs, "d_"), values, create_graph=True)
    weights = like(values, "e_d_", np.random.default_rng(2))
    bends = gradients(paired(weights, slopes, "e_d_"), values | seed_values)

    found = run(first, env | seeds, LENGTHS, reverse=reverse) | run(second, env | seeds | weights, LENGTHS, reverse=reverse)
    expected = outputs | {f"d_{k}": v for k, v in slopes.items()} | {f"e_{k}": v for k, v in bends.items()}
    errors = {k: relative(found[k], v.detach().numpy()) for k, v in expected.items()}
    assert not {k: e for k, e in errors.items() if not e <= TOLERANCE}
