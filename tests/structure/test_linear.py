import numpy as np
import pytest
import sympy as sp

from rnncc.structure.linear import affine
from tests.structure.cells import drawn_state, found, of_catalogue, one_step, stepped

LINEAR = {
    "lru": ["lam_re", "-lam_im", "lam_im", "lam_re"],
    "mingru": ["1 - z"],
    "minlstm": ["f"],
    "qrnn": ["f"],
}


@pytest.mark.parametrize("name", LINEAR)
def test_linear_cells_and_their_coefficients(name):
    (one,) = of_catalogue(name)
    assert one.linear.holds
    assert [str(slope) for slope in one.linear.coefficients.values()] == LINEAR[name]


@pytest.mark.parametrize("name", LINEAR)
def test_the_coefficients_are_those_of_a_step(name):
    (one,) = of_catalogue(name)
    slopes = one.linear.coefficients
    read = sorted({s.name for slope in slopes.values() for s in slope.free_symbols})
    env, values = one_step(name, read)
    before, more = (drawn_state(env, [c.prev for c in one.loop.carries], seed) for seed in (1, 2))
    changed = stepped(name, env, {s: before[s] + more[s] for s in before})
    unchanged = stepped(name, env, before)
    for c in one.loop.carries:
        expected = sum(sp.lambdify(read, slopes.get((c.next, p), 0))(**values) * more[p] for p in more)
        np.testing.assert_allclose(changed[c.prev] - unchanged[c.prev], expected, rtol=0, atol=8 * np.finfo(float).eps)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("cell.next(h=h + 2 * c, c=sigmoid(x_h) * h)", True),
        ("cell.next(h=(h + c) * exp(x_h) / (1 + exp(x_h)), c=c - h)", True),
        ('cell.next(h=cell.weight("U", h, h) @ c + mean(h), c=h)', True),
        ("cell.next(h=Piecewise((c, x_h > 0), (2 * h, True)), c=h)", True),
        ("cell.next(h=h * c, c=c + h)", False),
        ("cell.next(h=x_h / (1 + c), c=h)", False),
        ("cell.next(h=h**2 + c, c=h)", False),
        ("cell.next(h=Piecewise((c, h > 0), (2 * h, True)), c=h)", False),
        ("cell.next(h=tanh(c), c=h)", False),
        ("cell.next(h=c - max(h), c=h)", False),
    ],
)
def test_affine_in_the_state(text, holds, tmp_path):
    one = found(text, tmp_path)
    assert one.linear.holds == holds, one.linear.why


def test_a_step_function_has_no_slope_and_is_not_affine(tmp_path):
    one = found("above = Piecewise((1.0, h > 0), (0.0, True))\ncell.next(h=c + x_h, c=h - above)", tmp_path)
    assert (one.linear.holds, one.linear.why) == (False, "above = Piecewise((1, h > 0), (0, True)) is not affine in h")


def test_full_and_linear(tmp_path):
    one = found('cell.next(h=cell.weight("U", h, h) @ c + x_h, c=h)', tmp_path)
    assert one.holding == ("linear in its state",)
    assert one.linear.coefficients == {}


def test_affine_expressions():
    a, b, k = sp.symbols("a b k")
    assert affine(k * (a + 2 * b) - k**2, {"a", "b"})
    assert not affine(a * (b + 1), {"a", "b"})
    assert affine(sp.sin(k) / k, {"a"})
    assert not affine(k**a, {"a"})
