"""Means over a batch in training: first, second and directional derivatives against PyTorch's batch normalisation; parameters else."""

from dataclasses import replace

import numpy as np
import pytest

from rnncc.emit.numpy import run
from rnncc.ir import verify
from rnncc.lower import lower
from rnncc.passes import batch_means, cse, dce, differentiate, hoist_sums, split, tangent
from rnncc.spec import cell_info, load
from tests.passes.closure import BATCH, LENGTHS, SIZES, STEPS, TOLERANCE, gradients, inputs, like, paired, tensors
from tests.passes.programs import in_turn, relative
from tests.references.batch_normalised import ligru

MEANS = ("mean_z", "var_z", "mean_h", "var_h")
KEYS = {name: f"{name} of the batch" for name in MEANS}
ALL = {"T": STEPS, "N": BATCH, **SIZES}
both_ways = pytest.mark.parametrize("reverse", [False, True])


def cells():
    """LiGRU with batch normalisation as it evaluates, and as it trains."""
    spec = load("ligru", {"norm": "batch"})
    cell = verify(lower(spec))
    totals = {m.name: m.total for m in cell_info(spec).batch_means}
    return verify(dce(cse(cell))), verify(dce(cse(verify(batch_means(cell, totals, KEYS, "training")))))


def alone(program, keys=("output", "h_T")):
    """`program` without its means."""
    return verify(dce(replace(program, outputs=tuple((k, v) for k, v in program.outputs if k in keys))))


def drawn(program, training=1.0):
    env = inputs(program) | {"training": training, "eps": 1e-5}
    return env | {k: np.abs(env[k]) + 1 for k in MEANS if k.startswith("var")}


def learned(program):
    return [i.name for i in program.inputs if i.role in ("input", "init", "param") and i.name not in MEANS]


def written_out(values, reverse):
    y, final = ligru(values, {"x": values["x"]}, {"h": values["h_0"]}, LENGTHS, reverse)
    return {"output": y, "h_T": final["h"]}


def agree(found, expected, prefix=""):
    errors = {k: relative(found[f"{prefix}{k}"], v.detach().numpy()) for k, v in expected.items()}
    assert not {k: e for k, e in errors.items() if not e <= TOLERANCE}


@both_ways
def test_gradients(reverse):
    cell = alone(cells()[1])
    env = drawn(cell)
    values = tensors({k: env[k] for k in learned(cell)})
    outputs = written_out(values, reverse)
    seeds = like(outputs, "d_", np.random.default_rng(1))
    slopes = gradients(paired(seeds, outputs, "d_"), values)
    joint = verify(dce(cse(verify(differentiate(cell, wrt=values)))))
    found = run(joint, env | seeds, LENGTHS, reverse=reverse)
    agree(found, outputs)
    agree(found, slopes, "d_")
    turned = in_turn([hoist_sums(s) for s in split(joint)], env | seeds, lengths=LENGTHS, sizes=ALL, reverse=reverse)
    agree(turned, outputs)
    agree(turned, slopes, "d_")


@both_ways
def test_directional_derivatives(reverse):
    cell = alone(cells()[1])
    env = drawn(cell)
    values = tensors({k: env[k] for k in learned(cell)})
    outputs = written_out(values, reverse)
    u = tensors({k: np.zeros(v.shape) for k, v in outputs.items()})
    slopes = gradients(paired(u, outputs, ""), values, create_graph=True)
    direction = like(values, "t_", np.random.default_rng(2))
    along = gradients(paired(direction, slopes, "t_"), u)
    forward = verify(dce(cse(verify(tangent(cell, wrt=values)))))
    agree(run(forward, env | direction, LENGTHS, reverse=reverse), along, "t_")


@both_ways
def test_second_derivatives(reverse):
    cell = alone(cells()[1])
    env = drawn(cell)
    values = tensors({k: env[k] for k in learned(cell)})
    first = verify(dce(cse(verify(differentiate(cell, wrt=values)))))
    seeds = like(run(cell, env, LENGTHS), "d_", np.random.default_rng(1))
    wrt = [*values, *seeds]
    second = verify(dce(cse(verify(differentiate(first, of=[f"d_{k}" for k in values], wrt=wrt, prefix="e_")))))
    seed_values = tensors(seeds)
    slopes = gradients(paired(seed_values, written_out(values, reverse), "d_"), values, create_graph=True)
    weights = like(values, "e_d_", np.random.default_rng(3))
    expected = gradients(paired(weights, slopes, "e_d_"), values | seed_values)
    known = env | seeds | weights
    agree(run(second, known, LENGTHS, reverse=reverse), expected, "e_")


def test_what_is_put_out_are_the_means_of_what_is_alive():
    _, cell = cells()
    env = drawn(cell)
    found = run(cell, env, LENGTHS)
    live = np.arange(STEPS)[:, None] < np.array(LENGTHS)
    for k in "zh":
        v = (env["x"] @ env[f"W_{k}"].T)[live]
        assert relative(found[KEYS[f"mean_{k}"]], v.mean(0)) < TOLERANCE
        assert relative(found[KEYS[f"var_{k}"]], v.var(0)) < TOLERANCE


def test_parameters_are_read_where_nothing_is_trained():
    """The same numbers, and the same gradients, as of a cell that knows no batch."""
    plain, cell = cells()
    cell = alone(cell)
    env = drawn(cell, training=0.0)
    of = learned(plain)
    joints = [verify(differentiate(p, wrt=of)) for p in (plain, cell)]
    seeds = like(run(plain, env, LENGTHS), "d_", np.random.default_rng(1))
    expected, found = (run(joint, env | seeds, LENGTHS) for joint in joints)
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        assert relative(found[key], value) < TOLERANCE, key


def test_a_batch_without_a_live_step_has_no_nan():
    _, cell = cells()
    found = run(cell, drawn(cell), [0] * BATCH)
    assert not any(found[key].any() for key in KEYS.values())


def test_a_program_without_means_stays_what_it_is():
    cell = lower(load("lstm"))
    assert batch_means(cell, {}, {}, "training") is cell
