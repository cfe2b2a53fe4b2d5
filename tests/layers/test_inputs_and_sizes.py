"""A cell with a second input, a size, a constant, a frozen matrix, an initial state: everything a layer has to pass on."""

import numpy as np
import pytest

from rnncc.errors import ArgumentError, ShapeError

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


def reference(layer, params, x, u, alpha):
    """The equations of cells/mixed.py for every layer and direction; `params`, `x`, `u` are tensors."""
    s = layer._settings
    for k in range(s.num_layers):
        ys = []
        for prefix, times in ((f"l{k}.", range(len(x))), (f"l{k}.reverse.", reversed(range(len(x)))))[: s.directions]:
            W, V, R, b, P = (params[prefix + name] for name in "WVRbP")
            h, y = torch.full((x.shape[1], s.hidden_size), 0.5, dtype=torch.float64), {}
            for t in times:
                h = (1 - alpha) * h + alpha * torch.tanh(x[t] @ W.T + u[t] @ V.T + h @ R.T + b)
                y[t] = h @ P.T
            ys.append(torch.stack([y[t] for t in range(len(x))]))
        x = torch.cat(ys, dim=2)
    return x


@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_layer_and_direction_reads_the_second_input(class_of, rng, bidirectional):
    layer = class_of("mixed")(4, 5, 2, bidirectional=bidirectional, proj=6, control=2, alpha=0.25, dtype="float64", seed=1)
    x, u = (torch.tensor(rng.standard_normal((6, 3, k)), requires_grad=True) for k in (4, 2))
    params = {k: torch.tensor(v, requires_grad=True) for k, v in layer.params.items()}
    expected = reference(layer, params, x, u, 0.25)
    dy = rng.standard_normal(expected.shape)
    (expected * torch.from_numpy(dy)).sum().backward()

    (y, _), pullback = layer.vjp({"x": x.detach().numpy(), "u": u.detach().numpy()})
    g = pullback(dy)
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(g.x["x"], x.grad.numpy(), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(g.x["u"], u.grad.numpy(), rtol=1e-9, atol=1e-11)
    assert set(layer.params) - set(g.params) == {k for k in layer.params if k.endswith(".R")}
    for name, gradient in g.params.items():
        np.testing.assert_allclose(gradient, params[name].grad.numpy(), rtol=1e-9, atol=1e-11)


def test_a_constant_changes_without_recompiling(class_of, rng):
    layer = class_of("mixed")(4, 5, dtype="float64", seed=1)
    x = {"x": rng.standard_normal((6, 3, 4)), "u": rng.standard_normal((6, 3, 2))}
    changed = class_of("mixed")(4, 5, alpha=0.3, dtype="float64", seed=1)(x)[0]
    layer.constants["alpha"] = 0.3
    np.testing.assert_array_equal(layer(x)[0], changed)
    with pytest.raises(ArgumentError, match="no constant 'beta'; there is alpha"):
        layer.constants["beta"] = 1
    with pytest.raises(ArgumentError, match="alpha='x' is a str"):
        layer.constants["alpha"] = "x"
    with pytest.raises(ArgumentError, match="the constants of a layer are fixed"):
        del layer.constants["alpha"]


def test_several_inputs_are_a_dict(class_of):
    layer = class_of("mixed")(4, 5)
    x, u = np.zeros((6, 3, 4), np.float32), np.zeros((6, 3, 2), np.float32)
    with pytest.raises(ArgumentError, match="Mixed has the inputs x, u: give x as a dict with these keys"):
        layer(x)
    with pytest.raises(ArgumentError, match="x: found the keys x, u missing"):
        layer({"x": x})
    with pytest.raises(ShapeError, match=r"input u: found shape \(5, 3, 2\), expected \(T = 6, N = 3, control = 2\)"):
        layer({"x": x, "u": u[:5]})
    with pytest.raises(ShapeError, match=r"input u: found shape \(6, 2\)"):
        layer({"x": x, "u": u[:, 0]})


def test_a_dict_in_is_a_dict_out(class_of, rng):
    layer = class_of("lstm")(3, 5, dtype="float64", seed=1)
    x = rng.standard_normal((6, 4, 3))
    (y, _), pullback = layer.vjp({"x": x})
    (y_2, _), pullback_2 = layer.vjp(x)
    np.testing.assert_array_equal(y, y_2)
    np.testing.assert_array_equal(pullback(y).x["x"], pullback_2(y).x)


def test_an_output_of_another_size_feeds_the_next_layer(class_of):
    layer = class_of("mixed")(4, 5, 3, bidirectional=True, proj=7)
    assert layer.output_size == 14
    assert layer.params["l1.reverse.W"].shape == (5, 14)
