"""The JAX code of a cell, jitted, against the interpreter: values, steps, and reverse-mode gradients."""

import pytest

from rnncc.catalogue import find
from rnncc.emit.jax import jax_source
from tests.emit.cells_of_frameworks import CELLS, STEPS, Case

jax = pytest.importorskip("jax", reason="JAX is not installed")


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("path", [*CELLS, find("lif")], ids=lambda p: p.stem)
def test_values_and_gradients(path):
    case = Case(path, jax_source)
    params, streams, state = case.values(jax.numpy.asarray)
    (final, outputs), pullback = jax.vjp(jax.jit(case.space["sequence"]), params, case.x(streams), state)
    case.agree(case.results(final, outputs))
    prefix = case.made.info.cotangent
    seeds = {k: case.seeds[f"{prefix}{k}_T"] for k in state}, case.seeds[f"{prefix}output"]
    d_params, d_x, d_state = pullback(jax.tree.map(jax.numpy.asarray, seeds))
    d_streams = d_x if len(streams) > 1 else dict.fromkeys(streams, d_x)
    found = case.gradients(d_params, d_streams, d_state)
    case.agree({key: found[key] for key in case.expected if key.startswith(prefix)})


@pytest.mark.parametrize("path", CELLS, ids=lambda p: p.stem)
def test_steps_in_turn_are_the_sequence(path):
    case = Case(path, jax_source)
    params, streams, state = case.values(jax.numpy.asarray)
    outputs = []
    for t in range(STEPS):
        state, output = case.space["step"](params, case.x({k: v[t] for k, v in streams.items()}), state)
        outputs.append(output)
    case.agree(case.results(state, jax.numpy.stack(outputs)))


def test_the_loop_is_a_scan():
    case = Case(next(p for p in CELLS if p.stem == "gru"), jax_source)
    params, streams, state = case.values(jax.numpy.asarray)
    assert str(jax.make_jaxpr(case.space["sequence"])(params, streams["x"], state)).count("scan[") == 1
