"""What holds for any cell: passes leave results alone, derivatives of both modes are transposes, also those of second order."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnncc.emit.numpy import run
from rnncc.ir import verify
from rnncc.lower import lower
from rnncc.passes import cse, dce, differentiate, hoist_sums, split, tangent
from rnncc.spec import load_text
from tests.passes.programs import arrays, in_turn, relative
from tests.random_cells import SIZES, random_spec_text

STEPS, BATCH = 4, 3
ALL = SIZES | {"T": STEPS, "N": BATCH}
REASSOCIATED = 1e-12
"""Sums in another order: some hundred roundings of 1.1e-16 relative to the largest element, with room for cancellation."""
TRANSPOSED = 1e-10
"""Two ways through the whole graph, summed over all inputs, against the sum of the magnitudes."""
random_cells = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
run_options = st.fixed_dictionaries(
    {"lengths": st.one_of(st.none(), st.lists(st.integers(0, STEPS), min_size=BATCH, max_size=BATCH)), "reverse": st.booleans()}
)


def small(program):
    return verify(dce(cse(verify(program))))


def inputs(program, seed):
    return arrays(program, np.random.default_rng(seed), STEPS, BATCH, SIZES)


def same(found, expected):
    errors = {k: relative(found[k], v) for k, v in expected.items()}
    assert not {k: e for k, e in errors.items() if not e <= REASSOCIATED}


def sweeps_agree(joint, expected, env, options, late=None):
    same(in_turn([hoist_sums(sweep) for sweep in split(joint, late)], env, sizes=ALL, **options), expected)


def pairing(env, out, pairs):
    """Σ ⟨env[a], out[b]⟩ over `pairs`, and the sum of the magnitudes of what is added."""
    terms = [env[a] * out[b] for a, b in pairs]
    return sum(t.sum() for t in terms), sum(np.abs(t).sum() for t in terms)


def transposed(env, back, along, seeds, directions):
    """⟨seed, tangent⟩ = ⟨cotangent, direction⟩."""
    left, left_size = pairing(env, along, seeds)
    right, right_size = pairing(env, back, directions)
    assert abs(left - right) <= TRANSPOSED * max(left_size, right_size)


@random_cells
@given(random_spec_text(), run_options, st.integers(0, 2**16))
def test_first_and_second_derivatives(text, options, seed):
    cell = lower(load_text(text))
    names = [i.name for i in cell.inputs if i.role not in ("size", "const")]
    keys = [key for key, _ in cell.outputs]

    first = verify(differentiate(cell))
    env = inputs(first, seed)
    back = run(first, env, **options)
    same(run(cell, env, **options), {k: back[k] for k in keys})
    joint = small(first)
    same(run(joint, env, **options), back)
    sweeps_agree(joint, back, env, options)

    forward = small(tangent(cell))
    env |= {k: v for k, v in inputs(forward, seed + 1).items() if k.startswith("t_")}
    along = run(forward, env, **options)
    sweeps_agree(forward, along, env, options, late=())
    transposed(env, back, along, [(f"d_{k}", f"t_{k}") for k in keys], [(f"t_{n}", f"d_{n}") for n in names])

    second = small(differentiate(joint, of=[f"d_{n}" for n in names], prefix="e_"))
    env |= {k: v for k, v in inputs(second, seed + 2).items() if k.startswith("e_")}
    twice = run(second, env, sizes=ALL, **options)
    sweeps_agree(second, twice, env, options)
    slopes = small(tangent(joint, wrt=names, prefix="t_"))
    turned = run(slopes, env, sizes=ALL, **options)
    seeds = [(f"e_d_{n}", f"t_d_{n}") for n in names if f"e_d_{n}" in env]
    transposed(env, twice, turned, seeds, [(f"t_{n}", f"e_{n}") for n in names])


@settings(random_cells, max_examples=50)
@given(random_spec_text(kinks=False), run_options, st.integers(0, 2**16))
def test_tangents_are_slopes(text, options, seed):
    """Against central differences, where every function is smooth."""
    cell = lower(load_text(text))
    forward = small(tangent(cell))
    env = inputs(forward, seed)
    names = [i.name for i in cell.inputs if f"t_{i.name}" in env]

    def moved(h):
        return run(cell, env | {n: env[n] + h * env[f"t_{n}"] for n in names}, **options)

    h = 1e-3
    wide, near = [(moved(step), moved(-step)) for step in (h, h / 2)]
    along = run(forward, env, **options)
    for key, _ in cell.outputs:
        coarse, fine = ((up[key] - down[key]) / step for (up, down), step in ((wide, 2 * h), (near, h)))
        # One Richardson step leaves an error of order h⁴ = 1e-12 times a fifth derivative, and 1e-16 / h of rounding.
        assert along[f"t_{key}"] == pytest.approx((4 * fine - coarse) / 3, rel=1e-6, abs=1e-7)
