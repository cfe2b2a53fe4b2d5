"""Equations for people: as text they are Python, so they are run for one step and compared with the interpreter."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from rnncc.emit.equations import equations, form, text
from rnncc.emit.latex import latex
from rnncc.emit.numpy import run
from rnncc.emit.numpy.elementwise import ELEMENTWISE
from rnncc.ir import Program, units
from rnncc.lower import lower
from rnncc.passes import cse, dce, differentiate
from rnncc.spec.load import load

ROOT = Path(__file__).parents[2]
CELLS = sorted(p.stem for p in (ROOT / "specs").glob("*.py"))
SIZES = {"input": 3, "hidden": 4, "out": 2, "proj": 5, "context": 6, "units": 7}
JOINED = ("qrnn", "scrn")
"""With concats: a part of one, `d_output[part 0]`, is written for people."""
MATRICES = ("lstm_attention", "ltc", "mlstm_matrix")
"""A vector meets a matrix as one number a row, which arrays of one axis cannot say to NumPy."""

LSTM_FORWARD = """\
i = sigmoid(W_i @ x + U_i @ h[t-1] + b_i)
f = sigmoid(W_f @ x + U_f @ h[t-1] + b_f)
g = tanh(W_g @ x + U_g @ h[t-1] + b_g)
o = sigmoid(W_o @ x + U_o @ h[t-1] + b_o)
c_new = c[t-1]*f + g*i
h_new = o*tanh(c_new)
h[t] = h_new
c[t] = c_new"""

ELMAN_BACKWARD = """\
d_h_new = d_h[t+1] + d_output
d_h_new_in = d_h_new*(1 - h_new**2)
d_b = sum_tn(d_h_new_in)
d_W = sum_tn(outer(d_h_new_in, x))
d_x = W.T @ d_h_new_in
d_U = sum_tn(outer(d_h_new_in, h[t-1]))
d_h = U.T @ d_h_new_in"""

ELMAN_LATEX = r"""\begin{aligned}
  h_{\mathrm{new}} &= \tanh\left(W x + U h_{t-1} + b\right) \\
  h_{t} &= h_{\mathrm{new}}
\end{aligned}"""

ELMAN_BACKWARD_LATEX = r"""\begin{aligned}
  \bar{h_{\mathrm{new}}} &= \bar{h}_{t+1} + \bar{\mathrm{output}} \\
  \bar{h_{\mathrm{new}, \mathrm{in}}} &= \bar{h_{\mathrm{new}}} \odot \left(1 - h_{\mathrm{new}}^{2}\right) \\
  \bar{b} &= \sum_{t, n} \bar{h_{\mathrm{new}, \mathrm{in}}} \\
  \bar{W} &= \sum_{t, n} \bar{h_{\mathrm{new}, \mathrm{in}}} x^{\top} \\
  \bar{x} &= W^{\top} \bar{h_{\mathrm{new}, \mathrm{in}}} \\
  \bar{U} &= \sum_{t, n} \bar{h_{\mathrm{new}, \mathrm{in}}} h_{t-1}^{\top} \\
  \bar{h} &= U^{\top} \bar{h_{\mathrm{new}, \mathrm{in}}}
\end{aligned}"""


def programs(name: str) -> tuple[Program, Program, list[str]]:
    """The cell, its gradient, and the names that keep equations of their own."""
    spec = load(name)
    forward = cse(lower(spec))
    return forward, dce(cse(differentiate(forward))), [*spec.named, *(f"d_{n}" for n in spec.named)]


def size_of(axis: str, sizes: Mapping[str, int] = SIZES) -> int:
    return sum(sizes[name] for name in axis.split("+"))


def drawn(program: Program) -> dict[str, np.ndarray]:
    """Inputs for one step of one sample."""
    rng = np.random.default_rng(0)
    sizes = SIZES | {"T": 1, "N": 1}
    return {i.name: rng.standard_normal([size_of(a, sizes) for a in i.type]) for i in program.inputs if i.role != "size"}


def chosen(*pairs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The value of the first pair whose condition holds."""
    values, conditions = zip(*(np.broadcast_arrays(*pair) for pair in pairs), strict=True)
    return np.select(np.broadcast_arrays(*conditions), np.broadcast_arrays(*values))


def executed(lines: list[str], env: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The equations run as Python for one step; `v[t-1]` and `v[t+1]` are read as `v_shifted`."""
    row, column = np.indices((SIZES["hidden"], SIZES["hidden"]), float)
    known = {**ELEMENTWISE, **env, "outer": np.outer, "sum_tn": lambda a: a, "Piecewise": chosen, "row": row, "column": column}
    known["unit"] = np.arange(SIZES["hidden"], dtype=float)
    for line in lines:
        left, right = line.split(" = ")
        known[left] = eval(re.sub(r"(\w+)\[t[+-]1\]", r"\1_shifted", right), {}, known)
    return known


@pytest.mark.parametrize("name", [name for name in CELLS if name not in JOINED + MATRICES])
def test_the_equations_mean_what_the_program_does(name: str) -> None:
    forward, gradient, named = programs(name)
    env = drawn(gradient) | {k: np.array(v) for k, v in load(name).constants.items()}
    shown = equations(gradient, named, forward).shifts
    flat = {i.name: env[i.name].reshape([size_of(a) for a in units(i.type)]) for i in gradient.inputs if i.name in env}
    flat |= {i.name: SIZES[i.name.removeprefix("n_")] for i in gradient.inputs if i.role == "size"}
    flat |= {f"{shown[c.prev][0]}_shifted": flat[c.init] for c in gradient.carries}
    lines = [line for part in (text(forward, named), text(gradient, named, forward)) for line in part.splitlines()]
    found = executed([line for line in lines if "[t] = " not in line], flat)
    expected = {key: value for key, value in run(gradient, env).items() if key not in {c.final for c in gradient.carries}}
    for key, value in expected.items():
        own = dict(gradient.outputs)[key] if key == "output" else key
        np.testing.assert_allclose(found[own].ravel(), value.ravel(), rtol=1e-12, atol=1e-13, err_msg=key)


def test_the_lstm_reads_as_in_the_textbook() -> None:
    forward, _, named = programs("lstm")
    assert text(forward, named) == LSTM_FORWARD


def test_the_gradient_of_elman() -> None:
    forward, gradient, named = programs("elman")
    assert text(gradient, named, forward) == ELMAN_BACKWARD


def test_latex_of_elman() -> None:
    forward, gradient, named = programs("elman")
    assert latex(forward, named) == ELMAN_LATEX
    assert latex(gradient, named, forward) == ELMAN_BACKWARD_LATEX


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("mlstm_matrix", r"\frac{W_{k} x}{\sqrt{ n_{\mathrm{key}} }}"),
        ("lif", r"\left| \mathrm{above} \right|"),
        ("clockwork", r"\left\lfloor"),
    ],
)
def test_what_latex_writes_around_its_argument(name: str, written: str) -> None:
    forward, _, named = programs(name)
    assert written in latex(forward, named)


@pytest.mark.parametrize("name", CELLS)
def test_latex_is_balanced_and_has_every_equation(name: str) -> None:
    forward, gradient, named = programs(name)
    for shown, plain in (
        (latex(forward, named), text(forward, named)),
        (latex(gradient, named, forward), text(gradient, named, forward)),
    ):
        depth = np.cumsum([{"{": 1, "}": -1}.get(character, 0) for character in shown])
        assert depth.min() == 0
        assert depth[-1] == 0
        assert shown.count(r"\left(") == shown.count(r"\right)")
        assert shown.count("&=") == len(plain.splitlines())


@pytest.mark.parametrize(
    ("index", "kind", "order", "sums"),
    [
        ("ij,TNj->TNi", "matrix", (0, 1), ()),
        ("TNj,ij->TNi", "matrix", (1, 0), ()),
        ("ij,TNi->TNj", "transposed", (0, 1), ()),
        ("TNi,TNj->ij", "outer", (0, 1), ("t", "n")),
        ("TNj,TNi->ij", "outer", (1, 0), ("t", "n")),
        ("TNi,TNi->TN", "dot", (0, 1), ()),
        ("TNi,TNi->i", "elementwise", (0, 1), ("t", "n")),
        ("ijk,TNj->TNik", "einsum ijk,j->ik", (0, 1), ()),
    ],
)
def test_the_form_of_a_product(index: str, kind: str, order: tuple[int, int], sums: tuple[str, ...]) -> None:
    found = form(index)
    assert (found.kind, found.order, found.sums) == (kind, order, sums)


def test_a_gradient_calls_the_helpers_of_the_primal_by_their_names() -> None:
    """What the primal uses more than once has an equation there, and is not written out again."""
    forward, gradient, named = programs("lstm_layernorm_per_gate")
    helpers = {line.left for line in equations(forward, named).lines} - set(named)
    assert helpers
    shown = text(gradient, named, forward)
    assert all(re.search(rf"\b{helper}\b", shown) for helper in helpers if helper in gradient.types)
    assert len(max(shown.splitlines(), key=len)) < 400
