"""Surrogates: derivatives of first and second order are those that a spec states; afterwards values alone are left."""

import numpy as np
import pytest

from rnncc.compiler import Compilation
from rnncc.emit.numpy import run
from rnncc.functions.vocabulary import surrogate
from rnncc.ir import Pointwise, verify
from rnncc.lower import lower
from rnncc.passes import cse, dce, differentiate, settle
from rnncc.spec import load
from tests.passes.closure import gradients, like, paired, tensors
from tests.passes.programs import arrays, lstm, relative
from tests.references.layers import unroll
from tests.references.registry import REFERENCES

SIZES = {"input": 4, "hidden": 5}
LENGTHS = [6, 3, 0, 5, 1]
STATES = ("i", "v", "s")
TOLERANCE = 1e-12
"""Of an array's largest magnitude: some hundred roundings of 1.1e-16, with room."""


def written_out(values):
    """LIF by its reference, which knows the slope of its own spike, by the keys of the program."""
    constants = {k: values[k] for k in ("alpha", "beta", "slope")}
    params = {k: values[k] for k in ("W", "V")}
    y, final = unroll(
        lambda x, state, p: REFERENCES["lif"](x, state, p, **constants),
        params,
        values["x"],
        {k: values[f"{k}_0"] for k in STATES},
        LENGTHS,
    )
    return {"output": y} | {f"{k}_T": v for k, v in final.items()}


def inputs(cell):
    env = arrays(cell, np.random.default_rng(0), 6, 5, SIZES, scale=1.5)
    return env | {"alpha": 0.9, "beta": 0.8, "slope": 10.0}


def test_first_and_second_derivatives_of_a_spiking_cell():
    cell = verify(lower(load("lif")))
    wrt = ["x", "W", "V", *(f"{k}_0" for k in STATES)]
    first = verify(dce(cse(verify(differentiate(cell, wrt=wrt)))))
    second = verify(dce(cse(verify(differentiate(first, of=[f"d_{k}" for k in wrt], wrt=wrt, prefix="e_")))))
    env = inputs(cell)
    values = tensors({k: env[k] for k in wrt})
    outputs = written_out({**env, **values})
    assert 0.1 < outputs["output"].mean() < 0.9
    seeds = like(outputs, "d_", np.random.default_rng(1))
    slopes = gradients(paired(seeds, outputs, "d_"), values, create_graph=True)
    weights = like(values, "e_d_", np.random.default_rng(2))
    expected = gradients(paired(weights, slopes, "e_d_"), values)

    found = run(second, env | seeds | weights, LENGTHS)
    settled = run(verify(settle(second)), env | seeds | weights, LENGTHS)
    for prefix, wanted in (("", outputs), ("d_", slopes), ("e_", expected)):
        for key, value in wanted.items():
            if prefix + key in found:
                assert relative(found[prefix + key], value.detach().numpy()) < TOLERANCE, prefix + key
                np.testing.assert_array_equal(settled[prefix + key], found[prefix + key])
    assert {f"e_{k}" for k in wrt} <= found.keys()


def test_the_spike_keeps_its_name_and_its_slope_is_not_computed_in_inference():
    made = Compilation(load("lif"))
    nodes = {n.name: n for n in made.settled.nodes}
    assert nodes["spike"].expr.is_Piecewise
    assert not any(n.expr.has(surrogate) for n in (*nodes.values(), *made.joint.nodes) if isinstance(n, Pointwise))
    assert "Abs" not in str([n.expr for n in nodes.values() if isinstance(n, Pointwise)])
    assert any("Abs" in str(n.expr) for n in made.sweeps[1].nodes if isinstance(n, Pointwise))


def test_a_program_without_surrogates_is_itself():
    program = lstm()
    assert settle(program) is program


@pytest.mark.parametrize("value", ["surrogate(v, v, exp(v)) + v", "2 * surrogate(v * h, v, 0.5)"])
def test_a_value_that_others_read_too_stays(value, tmp_path):
    path = tmp_path / "cell.py"
    path.write_text(
        "from rnncc.spec import Cell, exp, surrogate, tanh\n"
        'cell = Cell("Small")\nx = cell.input("x")\nh = cell.state("h")\n'
        'v = tanh(cell.weight("W", h, x) @ x + h)\n'
        f"y = {value}\ncell.next(h=y)\ncell.output(v)\n"
    )
    made = Compilation(load(path))
    env = arrays(made.primal, np.random.default_rng(0), 3, 2, SIZES)
    found, expected = run(made.settled, env), run(made.primal, env)
    for key, array in expected.items():
        np.testing.assert_array_equal(found[key], array)
