"""The printed Jacobians, read as NumPy, against PyTorch's of the written-out step."""

import re

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from rnncc.flow.jacobian import Step
from rnncc.flow.subject import drawn_subject
from tests.references.reference import torch
from tests.references.registry import REFERENCES

INPUTS, HIDDEN = 4, 5
LANGUAGE = {
    "diag": np.diag,
    "outer": np.outer,
    "I": np.eye(HIDDEN),
    "sum": lambda v: np.sum(v, axis=0),
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "softplus": lambda v: np.logaddexp(v, 0),
    "Max": np.maximum,
    "ahead": lambda a, b: (a > b) + 0.5 * (a == b),
}
TOLERANCE = 1e-12  # relative to the largest entry: sums of at most 25 products in a row of a few such steps


def python(line):
    """Name and expression of `∂i/∂h = …` in letters that Python takes."""
    left, _, right = re.sub(r"∂(\w+)/∂(\w+)", r"J_\1_by_\2", line).partition(" = ")
    return left, right


def evaluated(text, known):
    values = dict(known)
    for left, right in map(python, text.splitlines()):
        values[left] = eval(right, LANGUAGE, values)
    return values


def test_what_several_jacobians_read_has_an_equation():
    """The largest of some scores is asked for by each of their exponentials and by their sum."""
    lines = Step(compile_cell("lstm_attention")).jacobians["h"].splitlines()
    (line,) = (line for line in lines if "∂" not in line)
    assert line == "hit_alpha_sum_in_max = equal(alpha_sum_in_max_in, max(alpha_sum_in_max_in))"


@pytest.mark.parametrize("name", ["elman", "lstm", "lstm_peephole", "gru", "jordan", "lstm_layernorm", "slstm", "mut3", "cornn"])
def test_the_text_is_the_jacobian(name):
    subject = drawn_subject(name, {"out": 3} if name == "jordan" else {}, INPUTS, HIDDEN, seed=1)
    info, step, rng = subject.made.info, Step(subject.made), np.random.default_rng(2)
    state = {s.name: rng.uniform(0.5, 1.5, subject.geometry.shape(s.axes)) for s in info.states}
    x = rng.standard_normal(INPUTS)
    weights = {k: v for k, v in subject.weights[0].items() if isinstance(v, np.ndarray)}
    known = {**weights, **state, **subject.constants, "x": x, "n_hidden": HIDDEN}
    known = evaluated(step.equations, known)
    params = {k: torch.tensor(v) for k, v in weights.items()}
    for by, text in step.jacobians.items():
        found = evaluated(text, known)

        def after(v, by=by):
            rows = {k: torch.tensor(s)[None] for k, s in state.items()} | {by: v[None]}
            _, new = REFERENCES[name]({"x": torch.tensor(x)[None]}, rows, params, **subject.constants)
            return tuple(new[s.name][0] for s in info.states)

        expected = torch.autograd.functional.jacobian(after, torch.tensor(state[by]))
        for s, matrix in zip(info.states, expected, strict=True):
            error = np.abs(found[f"J_{step.next[s.name]}_by_{by}"] - matrix.numpy()).max()
            assert error <= TOLERANCE * max(1, np.abs(matrix.numpy()).max()), (s.name, by)


def test_it_reads_as_on_paper():
    lines = Step(compile_cell("gru")).jacobians["h"].splitlines()
    assert lines[0] == "∂z/∂h = diag(z*(1 - z)) @ U_z"
    assert lines[2] == "∂n/∂h = diag(1 - n**2) @ U_n @ (diag(h) @ ∂r/∂h + diag(r))"


def test_a_state_that_does_not_reach_another_is_zero():
    text = Step(compile_cell("slstm")).jacobians["c"]
    assert "∂m_new/∂c = 0" in text.splitlines()
