"""Gradients of any order through block-diagonal weights, against PyTorch, and sums over time of their blocks alone."""

from pathlib import Path

import numpy as np
import pytest

from rnncc.compiler import normalised
from rnncc.emit.numpy import run
from rnncc.errors import InternalError
from rnncc.ir import BlockDiagonal, DiagonalBlocks, Input, Program, block_counts, verify
from rnncc.lower import lower
from rnncc.passes import differentiate, split, tangent
from rnncc.spec import load
from tests.passes.closure import TOLERANCE, gradients, paired, tensors
from tests.passes.programs import arrays, in_turn, relative
from tests.references.reference import torch

CELL = Path(__file__).parents[1] / "emit" / "cells" / "blocks.py"
SIZES = {"input": 4, "hidden": 6}


def cell():
    return lower(load(CELL))


def written_out(p):
    """Outputs by the keys of the program."""
    whole = {k: torch.block_diag(*v) if v.ndim == 3 and k[0].isupper() else v for k, v in p.items()}
    h, c, outputs = p["h_0"], p["c_0"], []
    for x in p["x"]:
        i, f = (torch.sigmoid(h @ whole[f"U_{k}"].T + x @ p[f"W_{k}"].T + p[f"b_{k}"]) for k in "if")
        joined = h @ whole["A"].T + h @ whole["A"] + (f * h) @ p["V"].T + c @ whole["B"].T + torch.cat([h, x], -1) @ whole["D"].T
        h = f * h + i * torch.tanh(joined)
        c = torch.tanh(h @ whole["B"] + x)
        outputs.append(h @ (2 * whole["A"] - p["V"]).T)
    return {"output": torch.stack(outputs), "h_T": h, "c_T": c}


def given(program, seed=0):
    return arrays(program, np.random.default_rng(seed), steps=5, batch=3, sizes=SIZES)


def agree(found, expected):
    assert found.keys() >= expected.keys()
    for key, value in expected.items():
        assert relative(found[key], value.detach().numpy()) < TOLERANCE, key


def test_gradients():
    joint = normalised(differentiate(cell()))
    env = given(joint)
    values = tensors({k: v for k, v in env.items() if not k.startswith("d_")})
    outputs = written_out(values)
    expected = {f"d_{k}": g for k, g in gradients(paired(env, outputs, "d_"), values).items()}
    agree(run(joint, env), outputs | expected)
    agree(in_turn(split(joint), env), outputs | expected)


def test_directional_derivatives_and_second_gradients():
    primal = cell()
    along, twice = verify(tangent(primal)), normalised(differentiate(differentiate(primal), prefix="d2_"))
    env = given(along) | given(twice, 1)
    values = tensors({k: env[k] for k in primal.input})
    outputs = written_out(values)
    seeds = tensors({f"d_{k}": env[f"d_{k}"] for k in outputs})
    first = gradients(paired(seeds, outputs, "d_"), values, create_graph=True)
    moved = gradients(paired(env, first, "t_"), seeds, retain_graph=True)  # gradients are linear in their seeds
    agree(run(along, env), {f"t_{k.removeprefix('d_')}": v for k, v in moved.items()})
    loss = paired(env, outputs, "d2_") + paired(env, {f"d_{k}": g for k, g in first.items()}, "d2_")
    agree(run(twice, env), {f"d2_{k}": g for k, g in gradients(loss, values | seeds).items()})


def test_products_that_need_no_term_outside_the_blocks():
    joint = normalised(differentiate(cell()))
    counts = block_counts(joint)
    assert {"A_h", "A_T_h", "B_c", "U_i_h", "U_f_h", "d_h_of_U_i_h", "d_U_i_whole_of_U_i_h"} <= counts.keys()
    assert set(counts.values()) == {2}
    assert not {"V_h_f", "W_i_x", "d_W_i_of_W_i_x"} & counts.keys()


@pytest.mark.parametrize("kind", [BlockDiagonal, DiagonalBlocks])
def test_blocks_that_fit_no_matrix(kind):
    matrix, blocks = ("hidden", "input"), ("2", "hidden/2", "input/3")
    own, other = (matrix, blocks) if kind is BlockDiagonal else (blocks, matrix)
    broken = Program("broken", (Input("a", other, "param"),), (), (kind("b", own, "a"),), (("output", "b"),))
    with pytest.raises(InternalError, match="are no blocks along the diagonal of"):
        verify(broken)
