"""Gradients of any order through columns picked by whole numbers, in the interpreter, against PyTorch's autograd."""

import numpy as np
import pytest

from rnncc.compiler import Compilation, compile_cell
from rnncc.emit.numpy import run
from rnncc.errors import ArgumentError
from rnncc.ir import verify
from rnncc.passes import cse, dce, differentiate, hoist_sums, split, tangent
from rnncc.spec import load_text
from tests.layers.words import HIDDEN, LENGTHS, PATH, ROWS, SPEAKERS, STEPS, WORDS, drawn, step
from tests.passes.closure import gradients, like, paired, tensors
from tests.passes.programs import in_turn, relative
from tests.references.layers import unroll
from tests.references.reference import torch

TOLERANCE = 1e-12
"""Relative to an array's largest magnitude: some hundred roundings of 1.1e-16 in sums over 9 steps, 6 rows and 19 units, with room."""
INDICES = {k: v.astype(np.float64) for k, v in drawn().items()}
LONG = {"T": STEPS, "N": ROWS, "input": WORDS, "hidden": HIDDEN, "speakers": SPEAKERS}
both = pytest.mark.parametrize("reverse", [False, True])


@pytest.fixture(scope="module")
def cell():
    return verify(compile_cell(str(PATH)).primal)


@pytest.fixture(scope="module")
def given(cell):
    rng = np.random.default_rng(4)
    return {i.name: rng.normal(size=[LONG[a] for a in i.type]) / 2 for i in cell.inputs if i.role != "index"}


def written_out(values, reverse):
    """The outputs by the keys of the program."""
    x = {k: torch.tensor(v) for k, v in INDICES.items()}
    y, final = unroll(step, values, x, {"h": values["h_0"]}, LENGTHS, reverse)
    return {"output": y, "h_T": final["h"]}


def agree(found, expected, prefix=""):
    errors = {k: relative(found[f"{prefix}{k}"], v.detach().numpy()) for k, v in expected.items()}
    assert not {k: e for k, e in errors.items() if not e <= TOLERANCE}


@both
def test_first_and_second_derivatives(cell, given, reverse):
    values = tensors(given)
    outputs = written_out(values, reverse)
    seeds = like(outputs, "d_", np.random.default_rng(1))
    seed_values = tensors(seeds)
    slopes = gradients(paired(seed_values, outputs, "d_"), values, create_graph=True)
    weights = like(given, "e_d_", np.random.default_rng(3))
    curves = gradients(paired(weights, slopes, "e_d_"), values | seed_values)

    joint = verify(dce(cse(verify(differentiate(cell)))))
    env = given | drawn() | seeds
    for found in (run(joint, env, LENGTHS, reverse=reverse), swept(joint, env, None, reverse)):
        agree(found, outputs)
        agree(found, slopes, "d_")
    second = verify(dce(cse(verify(differentiate(joint, of=[f"d_{k}" for k in given], prefix="e_")))))
    for found in (
        run(second, env | weights, LENGTHS, reverse=reverse),
        swept(second, env | weights, [list(seeds), list(weights)], reverse),
    ):
        agree(found, curves, "e_")


def swept(program, env, late, reverse):
    """The program cut into sweeps, none of which is told a size that its own inputs do not show."""
    return in_turn([hoist_sums(sweep) for sweep in split(program, late)], env, lengths=LENGTHS, reverse=reverse)


@both
def test_the_tangent_is_the_transpose_of_the_gradient(cell, given, reverse):
    forward = verify(cse(verify(tangent(cell))))
    values = tensors(given)
    outputs = written_out(values, reverse)
    u = tensors({k: np.zeros(v.shape) for k, v in outputs.items()})
    direction = like(given, "t_", np.random.default_rng(2))
    slopes = gradients(paired(u, outputs, ""), values, create_graph=True)
    along = gradients(paired(direction, slopes, "t_"), u)
    found = run(forward, given | drawn() | direction, LENGTHS, reverse=reverse)
    agree(found, outputs)
    agree(found, along, "t_")


def test_what_is_picked_is_picked_again_in_the_backward_sweep(cell):
    """A column costs less to read again than to keep; a weight that only the forward sweep picks from is not computed again."""
    forward, backward = compile_cell(str(PATH)).sweeps
    assert {"e", "fresh_word_weight"} <= forward.node.keys()
    assert {"e", "fresh_word_weight"} & backward.node.keys() == {"e"}


GATED = """from rnncc.spec import Cell, sigmoid, tanh
cell = Cell("Gated")
x = cell.{kind}("x")
h = cell.state("h")
def a(k):
    return cell.weight(f"W_{{k}}", h, x) @ x + cell.weight(f"U_{{k}}", h, h) @ h + cell.bias(f"b_{{k}}", h)
z = sigmoid(a("z"))
n = tanh(cell.weight("V", h, x) @ x) * z
h_new = z * h + tanh(a("n")) * n
cell.next(h=h_new)
cell.output(h_new)
"""


@pytest.mark.parametrize("asked", [{}, {"layer_norm": True}, {"preactivation_clip": True}, {"recurrent_dropout": True}], ids=str)
def test_a_picked_column_is_the_product_with_a_vector_of_one_1(asked):
    """Transforms included: what they do to products they do to columns."""
    picking, multiplying = (Compilation(load_text(GATED.format(kind=kind)), asked) for kind in ("index", "input"))
    rng = np.random.default_rng(5)
    env = {i.name: rng.normal(size=[LONG[a] for a in i.type]) for i in multiplying.joint.inputs if i.role not in ("size", "const")}
    env |= dict.fromkeys(multiplying.info.constants, 0.3)
    word = drawn()["word"]
    found = run(picking.joint, env | {"x": word}, LENGTHS, {"input": WORDS})
    expected = run(multiplying.joint, env | {"x": np.eye(WORDS)[word]}, LENGTHS)
    assert found.keys() == expected.keys() - {"d_x"}
    assert not {k: e for k, v in found.items() if not (e := relative(v, expected[k])) <= TOLERANCE}


def test_whole_numbers_alone_are_not_dropped():
    with pytest.raises(ArgumentError, match="input_dropout: Gated reads whole numbers alone"):
        assert Compilation(load_text(GATED.format(kind="index")), {"input_dropout": True}).info
