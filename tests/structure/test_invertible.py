import numpy as np
import pytest
import sympy as sp

from tests.structure.cells import found, of_catalogue, one_step


def test_unicornn_runs_back():
    (one,) = of_catalogue("unicornn")
    assert one.inverse.holds
    assert one.inverse.why == "y = -rate*z_new + y_new, then z = force*rate + z_new"
    env, values = one_step("unicornn", ["rate", "z_new", "y_new", "force"])
    for prev, expr in one.inverse.solved:
        read = sorted(s.name for s in expr.free_symbols)
        back = sp.lambdify(read, expr)(**{v: values[v] for v in read})
        np.testing.assert_allclose(back, env[f"{prev}_0"], rtol=0, atol=8 * np.finfo(float).eps)


@pytest.mark.parametrize(
    ("text", "solved"),
    [
        ("cell.next(h=x_h - c, c=tanh(c) + h)", ["c", "h"]),  # c from h, then h from c's next
        ("h_new = h + tanh(c)\ncell.next(h=h_new, c=tanh(h_new) - c)", ["c", "h"]),
        ('h_new = h + cell.weight("U", h, h) @ c\ncell.next(h=h_new, c=c - tanh(cell.weight("V", h, h) @ h_new))', ["c", "h"]),
    ],
)
def test_one_state_at_a_time(text, solved, tmp_path):
    one = found(text, tmp_path)
    assert (one.inverse.holds, [prev for prev, _ in one.inverse.solved]) == (True, solved)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("cell.next(h=h + c, c=c + tanh(h))", "no next value adds h or c as it is to what is known without it"),
        ('cell.next(h=h + cell.weight("U", h, h) @ (h + c), c=h)', "no next value adds h or c as it is to what is known without it"),
        (
            "gate = sigmoid(x_h)\nh_new = h * gate + c\ncell.next(h=h_new, c=c + tanh(h_new))",
            "h_new holds h times gate, and dividing by that loses digits",
        ),
    ],
)
def test_what_stands_in_the_way(text, why, tmp_path):
    one = found(text, tmp_path)
    assert (one.inverse.holds, one.inverse.why) == (False, why)


def test_gates_are_not_divided_by():
    (one,) = of_catalogue("mingru")
    assert one.inverse.why == "h_new holds h times 1 - z, and dividing by that loses digits"
