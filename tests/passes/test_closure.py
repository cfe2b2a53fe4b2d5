"""Gradients, directional derivatives and second derivatives of whole cells against PyTorch's autograd of the written-out equations."""

import numpy as np
import pytest

from rnncc.emit.numpy import run
from rnncc.ir import verify
from rnncc.passes import cse, dce, differentiate, hoist_sums, split, tangent
from tests.passes.closure import (
    BATCH,
    LENGTHS,
    REFERENCES,
    SIZES,
    STEPS,
    TOLERANCE,
    differentiable,
    gradients,
    inputs,
    like,
    paired,
    program,
    reference,
    tensors,
)
from tests.passes.programs import in_turn, relative

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = [pytest.mark.parametrize("reverse", [False, True]), pytest.mark.parametrize("name", REFERENCES)]


def agree(found, expected, prefix=""):
    """Every array of `expected` is in `found`, up to rounding."""
    errors = {k: relative(found[f"{prefix}{k}"], v.detach().numpy()) for k, v in expected.items()}
    assert not {k: e for k, e in errors.items() if e > TOLERANCE}


def test_gradients(name, reverse):
    cell = program(name)
    joint = verify(dce(cse(verify(differentiate(cell)))))
    env = inputs(cell)
    values = tensors({k: env[k] for k in differentiable(cell)})
    outputs = reference(name, values, reverse)
    seeds = like(outputs, "d_", np.random.default_rng(1))
    slopes = gradients(paired(seeds, outputs, "d_"), values)

    found = run(joint, env | seeds, LENGTHS, reverse=reverse)
    agree(found, outputs)
    agree(found, slopes, "d_")
    sweeps = [hoist_sums(sweep) for sweep in split(joint)]
    turned = in_turn(sweeps, env | seeds, lengths=LENGTHS, sizes={"T": STEPS, "N": BATCH, **SIZES}, reverse=reverse)
    agree(turned, outputs)
    agree(turned, slopes, "d_")


def test_directional_derivatives(name, reverse):
    """The tangent is the transpose of the gradient: what ⟨gradient for u, direction⟩ has as its gradient by u."""
    cell = program(name)
    forward = verify(cse(verify(tangent(cell))))
    env = inputs(cell)
    values = tensors({k: env[k] for k in differentiable(cell)})
    outputs = reference(name, values, reverse)
    u = tensors({k: np.zeros(v.shape) for k, v in outputs.items()})
    slopes = gradients(paired(u, outputs, ""), values, create_graph=True)
    direction = like(values, "t_", np.random.default_rng(2))
    along = gradients(paired(direction, slopes, "t_"), u)

    found = run(forward, env | direction, LENGTHS, reverse=reverse)
    agree(found, outputs)
    agree(found, along, "t_")
    (sweep,) = split(forward, late=())
    turned = run(verify(hoist_sums(sweep)), env | direction, LENGTHS, reverse=reverse)
    agree(turned, outputs)
    agree(turned, along, "t_")


def test_second_derivatives(name, reverse):
    """Cotangents of all gradients at once, by the inputs and by the first seeds."""
    cell = program(name)
    first = verify(dce(cse(verify(differentiate(cell)))))
    names = differentiable(cell)
    second = verify(dce(cse(verify(differentiate(first, of=[f"d_{k}" for k in names], prefix="e_")))))
    env = inputs(cell)
    values = tensors({k: env[k] for k in differentiable(cell)})
    outputs = reference(name, values, reverse)
    seeds = like(outputs, "d_", np.random.default_rng(1))
    seed_values = tensors(seeds)
    slopes = gradients(paired(seed_values, outputs, "d_"), values, create_graph=True)
    weights = like(env, "e_d_", np.random.default_rng(3))
    expected = gradients(paired(weights, slopes, "e_d_"), values | seed_values)

    known = env | seeds | weights
    agree(run(second, known, LENGTHS, reverse=reverse), expected, "e_")
    sweeps = [hoist_sums(sweep) for sweep in split(second, late=[list(seeds), list(weights)])]
    turned = in_turn(sweeps, known, lengths=LENGTHS, sizes={"T": STEPS, "N": BATCH, **SIZES}, reverse=reverse)
    agree(turned, expected, "e_")
