"""Cells that read time, a score or their own spikes, against the written-out equations, in the interpreter: values and gradients."""

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from rnncc.emit.numpy import run
from tests.emit.cpu_cases import arrays
from tests.passes.closure import gradients, paired, tensors
from tests.passes.programs import relative
from tests.references.layers import unroll
from tests.references.registry import REFERENCES

SHAPE, LENGTHS = (6, 5, 4, 7), [6, 3, 0, 5, 1]
CONSTANTS = {"lif": ("alpha", "beta", "slope"), "phased_lstm": ("alpha",), "augru": (), "gru_d": ()}
TOLERANCE = 1e-12
"""Of an array's largest magnitude: some hundred roundings of 1.1e-16, with room."""


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", CONSTANTS)
def test_the_program_means_the_equations(name, reverse):
    made = compile_cell(name)
    env = arrays(made, SHAPE, scale=1.5)
    env |= {k: 0.5 + np.abs(env[k]) for k in ("tau", "r") if k in env}
    info, known = made.info, {k: env[k] for k in CONSTANTS[name]}
    learned = [p.name for p in info.parameters if not p.frozen]
    streams, starts = [k for k, _ in info.inputs], [f"{s.name}_0" for s in info.states]
    leaves = tensors({k: env[k] for k in (*learned, *streams, *starts)})
    params = leaves | tensors({p.name: env[p.name] for p in info.parameters if p.frozen})
    state = {s.name: leaves[f"{s.name}_0"] for s in info.states}
    y, final = unroll(
        lambda x, s, p: REFERENCES[name](x, s, p, **known), params, {k: leaves[k] for k in streams}, state, LENGTHS, reverse
    )
    outputs = {"output": y} | {f"{k}_T": v for k, v in final.items()}
    expected = outputs | {f"d_{k}": g for k, g in gradients(paired(env, outputs, "d_"), leaves).items()}
    found = run(made.joint, env, LENGTHS, reverse=reverse)
    assert found.keys() == expected.keys()
    errors = {k: relative(found[k], v.detach().numpy()) for k, v in expected.items()}
    assert not {k: e for k, e in errors.items() if not e < TOLERANCE}
