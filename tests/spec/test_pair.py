"""Complex values: pairs whose sums and products are those of complex numbers, and what is no value of the language."""

from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from rnncc.compiler import compile_cell
from rnncc.errors import SpecError
from rnncc.spec import Complex, load_text

SPEC = """
from rnncc.spec import Cell, Complex, tanh

cell = Cell("Pairs")
x = cell.input("x")
s = Complex(cell.state("s_re"), cell.state("s_im"))
hidden = cell.hidden
B = Complex(cell.weight("B_re", hidden, x), cell.weight("B_im", hidden, x))
C = Complex(cell.weight("C_re", hidden, hidden), cell.weight("C_im", hidden, hidden))
D = cell.weight("D", hidden, hidden)
{}
cell.next(s_re=new.re, s_im=new.im)
cell.output(new.re)
"""


def test_arithmetic_is_that_of_complex_numbers() -> None:
    names = sp.symbols("a b c d r", real=True)
    a, b, c, d, r = names
    z, w = Complex(a, b), Complex(c, d)
    drawn = np.random.default_rng(0).standard_normal(5)
    at, u, v, real = dict(zip(names, drawn, strict=True)), complex(*drawn[:2]), complex(*drawn[2:4]), drawn[4]
    cases = [(z + w, u + v), (z - w, u - v), (z * w, u * v), (-z, -u), (r * z, real * u), (z * r, real * u), (r - z, real - u)]
    for found, expected in [*cases, (z + r, u + real), (2 - z * 0.5, 2 - u * 0.5)]:
        np.testing.assert_allclose([float(sp.sympify(part).subs(at)) for part in (found.re, found.im)], [expected.real, expected.imag])


def test_products_and_names(tmp_path: Path) -> None:
    """The parts of what is assigned are called after it, and weights, complex or real, stand left of complex or real values."""
    file = tmp_path / "pairs.py"
    file.write_text(SPEC.format("u = C @ s\nv = D @ s\nnew = u * v + B @ x"))
    nodes = compile_cell(file).primal.node
    assert {"u_re", "u_im", "v_re", "v_im", "new_re", "new_im"} <= nodes.keys()
    assert {nodes[name].b for name in ("C_re_s_re", "C_im_s_im", "C_re_s_im", "C_im_s_re")} == {"s_re", "s_im"}
    assert str(nodes["u_re"].expr) == "-C_im_s_im + C_re_s_re"
    assert str(nodes["u_im"].expr) == "C_im_s_re + C_re_s_im"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("new = tanh(s)", "tanh of a complex value"),
        ("new = tanh(s)", "help: apply it to its parts: Complex(tanh(z.re), tanh(z.im))"),
        ("new = s\ncell.bias('b', s)", "this has no size"),
        ("new = s\ncell.output(s)", "the output is no value of the cell"),
        ("new = s / s", "unsupported operand type(s) for /"),
    ],
)
def test_what_is_no_complex_value(body: str, said: str) -> None:
    with pytest.raises(SpecError) as raised:
        load_text(SPEC.format(body))
    assert said in str(raised.value)
