import numpy as np
import pytest
import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import Carry, Pointwise
from rnncc.passes import hoist_sums
from rnncc.schedule import schedule
from rnncc.structure import step_map
from tests.schedule.cells import compiled

STEPS = 5


def mapped(text, tmp_path, taken=()):
    """The nodes of a step of states h and c, and what is made of it; `x_h` is a product of its input."""
    head = 'h, c = cell.state("h"), cell.state("c")\nx_h = cell.weight("W", h, x) @ x'
    plan = schedule(hoist_sums(compiled(f"{head}\n{text}\ncell.output(h * c + x_h)", tmp_path).settled), hoist=True)
    (phase,) = plan.step
    return phase.nodes, step_map(phase.nodes, plan.carries, {*plan.program.types, *taken})


def after(nodes, env):
    """`env` with the values of `nodes`."""
    env = dict(env)
    for n in nodes:
        env[n.name] = float(sp.lambdify(n.operands, n.expr)(*(env[o] for o in n.operands)))
    return env


@pytest.mark.parametrize(
    ("step", "entries"),
    [
        ("cell.next(h=sigmoid(x_h) * h + c, c=2 * h - 3 * x_h * c)", ["h h", "h c", "c h", "c c"]),
        ("cell.next(h=sigmoid(x_h) * h, c=h + x_h * (c - 1) / 2)", ["h h", "c h", "c c"]),
        ("cell.next(h=c, c=h + x_h)", ["h h", "h c", "c h", "c c"]),
        ("cell.next(h=Piecewise((h + c, x_h > 0), (-c, True)), c=c + h * x_h)", ["h h", "h c", "c h", "c c"]),
    ],
)
def test_steps_compose(step, entries, tmp_path):
    nodes, made = mapped(step, tmp_path)
    before = [c.prev for c in made.carries]
    named = {f"{before[s.after]} {before[s.before]}": s for s in made.slopes}
    assert list(named) == entries
    rng = np.random.default_rng(0)
    given = {o for n in made.nodes for o in n.operands} - {n.name for n in made.nodes} - {s.name for s in made.slopes}
    outside = sorted(given - set(before))
    state = dict(zip(before, rng.normal(size=len(before)), strict=True))
    offset, slopes, first = dict.fromkeys(before, 0.0), {s.name: s.first for s in made.slopes}, state
    for _ in range(STEPS):
        values = dict(zip(outside, rng.normal(size=len(outside)), strict=True))
        state = {c.prev: after(nodes, values | state)[c.next] for c in made.carries}
        reached = after(made.nodes, values | offset | slopes)
        offset = {c.prev: reached[c.next] for c in made.carries}
        slopes = {s.name: reached[s.next] if s.next else 0.0 for s in made.slopes}
    for c in before:
        expected = offset[c] + sum(slopes[s.name] * first[b] for k, s in named.items() for b in before if k == f"{c} {b}")
        np.testing.assert_allclose(state[c], expected, rtol=1e-13, atol=1e-13)


def test_new_names_are_new(tmp_path):
    _, made = mapped("cell.next(h=h + c, c=c - h)", tmp_path, {"h_by_c"})
    assert [s.name for s in made.slopes] == ["h_by_h", "h_by_c_", "c_by_h", "c_by_c"]


def test_new_names_differ():
    """`a` by `b_by_c` is called as `a_by_b` by `c` is."""
    states, axes = ["a", "b_by_c", "a_by_b", "c"], ("T", "N", "hidden")
    nodes = [Pointwise(f"{s}_new", axes, symbol(s) + (symbol(states[k + 1]) if k % 2 == 0 else 0)) for k, s in enumerate(states)]
    made = step_map(nodes, tuple(Carry(s, f"{s}_0", f"{s}_new", f"{s}_T", axes, False) for s in states), ())
    names = [*(s.name for s in made.slopes), *(n.name for n in made.nodes)]
    assert {"a_by_b_by_c", "a_by_b_by_c_"} < set(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("step", ["h=h * c, c=c + h", "h=tanh(h), c=c + h", "h=c, c=h / (1 + c)"])
def test_what_bends_has_no_map(step, tmp_path):
    assert mapped(f"cell.next({step})", tmp_path)[1] is None


def test_what_feeds_no_state_may_bend(tmp_path):
    nodes, made = mapped("cell.next(h=h + x_h, c=c - h)", tmp_path)
    assert "c*h" in {str(term) for n in nodes for term in n.expr.args}
    assert made is not None
    assert not any("c*h" in str(n.expr) for n in made.nodes)
