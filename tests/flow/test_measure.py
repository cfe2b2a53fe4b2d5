"""‖∂L/∂s_t‖ against PyTorch's autograd of the written-out cells."""

import numpy as np
import pytest

import rnncc
from rnncc.flow.measure import measure_on
from rnncc.flow.subject import Subject, drawn_subject, loaded_subject
from tests.references.reference import torch
from tests.references.registry import REFERENCES

STEPS, ROWS, INPUTS, HIDDEN = 9, 3, 4, 6
TOLERANCE = 1e-12
"""Relative to the largest norm: some hundred roundings of 1.1e-16 in sums of at most 6 terms, over 9 steps of 2 layers."""


def given(subject: Subject):
    rng = np.random.default_rng(1)
    return rng.standard_normal((STEPS, ROWS, INPUTS)), rng.standard_normal((ROWS, HIDDEN))


def by_autograd(name, subject, x, direction):
    """Norms of the gradient of every state that is handed on, and each layer's outputs; of t = 0 to T - 1."""
    kept, y = [], [torch.tensor(row) for row in x]
    for layer, weights in enumerate(subject.weights):
        params = {k: torch.tensor(v) for k, v in weights.items() if isinstance(v, np.ndarray)}
        first = {k.removesuffix("_0"): torch.tensor(v) for k, v in subject.first_states(layer, ROWS).items()}
        y, states = unrolled(REFERENCES[name], params, first, y)
        kept.append(states)
    (y[-1] * torch.tensor(direction)).sum().backward()
    return [{s: np.stack([one[s].grad.norm(dim=1).numpy() for one in states]) for s in states[0]} for states in kept], y


def unrolled(step, params, state, x):
    """Outputs, and what is handed to each step: copies, so that a step's own use of a new state is no part of its gradient."""
    outputs, handed = [], []
    for row in x:
        state = {k: (v + 0).requires_grad_() for k, v in state.items()}
        for v in state.values():
            v.retain_grad()
        handed.append(state)
        y, state = step({"x": row}, state, params)
        outputs.append(y)
    return outputs, handed


def differ(found, expected):
    assert found.keys() == expected.keys()
    return {k: v for k, v in expected.items() if np.abs(found[k] - v).max() > TOLERANCE * np.abs(v).max()}


@pytest.mark.parametrize("name", ["lstm", "gru", "mut3"])
def test_norms_are_those_of_autograd(name):
    subject = drawn_subject(name, {}, INPUTS, HIDDEN, seed=0)
    x, direction = given(subject)
    expected, y = by_autograd(name, subject, x, direction)
    found = measure_on(subject, {"x": x}, direction)
    assert not differ(found.gradients, expected[0])
    np.testing.assert_allclose(found.values["h_new"], np.stack([v.detach().numpy() for v in y]), rtol=0, atol=TOLERANCE)


def test_a_saved_stack_is_measured_layer_by_layer(tmp_path):
    layer = rnncc.RNN("gru", INPUTS, HIDDEN, 2, seed=3)
    layer.save(tmp_path / "w.safetensors")
    subject = loaded_subject("gru", {}, tmp_path / "w.safetensors")
    x, direction = given(subject)
    expected, _ = by_autograd("gru", subject, x, direction)
    found = measure_on(subject, {"x": x}, direction)
    assert not differ(found.gradients, {f"l{k}.h": one["h"] for k, one in enumerate(expected)})
    assert list(found.values) == [f"l{k}.{name}" for k in (0, 1) for name in ("z", "r", "n", "h_new")]
    traced = layer.trace(x.astype("float32"), "z")
    np.testing.assert_allclose(found.values["l1.z"], traced["l1.z"], atol=1e-6)  # float32: some ten roundings of 6e-8
