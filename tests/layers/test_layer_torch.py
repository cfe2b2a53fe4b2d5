import numpy as np
import pytest

from tests.layers.peers import peer, peer_run

CASES = [
    ("lstm", {}),
    ("elman", {"phi": "tanh"}),
    ("elman", {"phi": "relu"}),
    ("gru_reset_after", {}),
]


def agree(found, expected):
    """float64: each result is a sum of at most some hundred terms, far inside 1e-9 of its largest element."""
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * max(1e-3, np.abs(expected).max(initial=0)))


def check(cell, layer, options, rng, lengths=None, steps=6, rows=4):
    s = layer._settings
    lead = (rows, steps) if s.batch_first else (steps, rows)
    x = rng.standard_normal((*lead, s.input_size))
    states = layer.cell.states
    state = {k.name: rng.standard_normal((s.num_layers * s.directions, rows, s.hidden_size)) for k in states}
    dstate = {k: rng.standard_normal(v.shape) for k, v in state.items()}
    dy = rng.standard_normal((*lead, layer.output_size))
    expected = peer_run(cell, layer, peer(cell, layer, **options), x, state, lengths, dy, dstate)

    (y, finals), pullback = layer.vjp(x, state, lengths)
    g = pullback(dy, dstate)
    evaluated, evaluated_finals = layer(x, state, lengths)

    agree(y, expected.y)
    agree(evaluated, expected.y)
    assert list(g.params) == list(layer.params)
    for k in state:
        agree(finals[k], expected.state[k])
        agree(evaluated_finals[k], expected.state[k])
        agree(g.state[k], expected.dstate[k])
    agree(g.x, expected.dx)
    for name, gradient in g.params.items():
        agree(gradient, expected.params[name])


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("cell", "options"), CASES)
def test_agrees_with_pytorch(class_of, rng, cell, options, bidirectional, num_layers):
    layer = class_of(cell, **options)(3, 5, num_layers, bidirectional=bidirectional, dtype="float64", seed=1)
    check(cell, layer, options, rng)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "elman", "gru_reset_after"])
def test_agrees_with_pytorch_on_ragged_batches(class_of, rng, cell, bidirectional, batch_first):
    layer = class_of(cell)(3, 5, 2, bidirectional=bidirectional, batch_first=batch_first, dtype="float64", seed=2)
    check(cell, layer, {}, rng, lengths=np.array([2, 6, 0, 5]))


@pytest.mark.parametrize("cell", ["lstm", "elman", "gru_reset_after"])
def test_without_bias_agrees_with_pytorch_without_bias(class_of, rng, cell):
    layer = class_of(cell)(3, 5, 2, bias=False, dtype="float64", seed=3)
    assert not any(".b" in name for name in layer.params)
    check(cell, layer, {}, rng)


def test_without_batch_is_a_batch_of_one(class_of, rng):
    layer = class_of("lstm")(3, 5, 2, bidirectional=True, dtype="float64", seed=4)
    x, dy = rng.standard_normal((6, 1, 3)), rng.standard_normal((6, 1, 10))
    state = {k: rng.standard_normal((4, 1, 5)) for k in "hc"}
    (y, finals), pullback = layer.vjp(x, state)
    (y_1, finals_1), pullback_1 = layer.vjp(x[:, 0], {k: v[:, 0] for k, v in state.items()})
    g, g_1 = pullback(dy, finals), pullback_1(dy[:, 0], finals_1)
    np.testing.assert_array_equal(y[:, 0], y_1)
    np.testing.assert_array_equal(g.x[:, 0], g_1.x)
    for k in state:
        np.testing.assert_array_equal(finals[k][:, 0], finals_1[k])
        np.testing.assert_array_equal(g.state[k][:, 0], g_1.state[k])
    for name in g.params:
        np.testing.assert_array_equal(g.params[name], g_1.params[name])


def test_lengths_of_zero_keep_the_state_and_output_zero(class_of, rng):
    layer = class_of("lstm")(3, 5, 2, bidirectional=True, dtype="float64", seed=5)
    x, lengths = rng.standard_normal((6, 4, 3)), [0, 6, 0, 3]
    state = {k: rng.standard_normal((4, 4, 5)) for k in "hc"}
    (y, finals), pullback = layer.vjp(x, state, lengths)
    dstate = {k: rng.standard_normal(v.shape) for k, v in finals.items()}
    g = pullback(rng.standard_normal(y.shape), dstate)
    for row in (0, 2):
        assert not y[:, row].any()
        assert not g.x[:, row].any()
        for k in state:
            np.testing.assert_array_equal(finals[k][:, row], state[k][:, row])
            np.testing.assert_array_equal(g.state[k][:, row], dstate[k][:, row])
    assert not y[3:, 3].any()
