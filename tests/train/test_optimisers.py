"""Adam and SGD follow torch.optim for 50 steps, float64; clipping; checkpoints."""

import numpy as np
import pytest

from rnncc.errors import ArgumentError, ShapeError
from rnncc.train import SGD, Adam, clip_by_global_norm, clip_by_value

SHAPES = {"W": (4, 3), "b": (4,), "s": ()}


def start(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: np.array(rng.standard_normal(shape)) for name, shape in SHAPES.items()}


def gradients(step: int, params: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Of a bowl, with noise that depends on the step alone."""
    noise = start(100 + step)
    return {name: 3 * p + 0.5 * noise[name] for name, p in params.items()}


OPTIMISERS = {
    "adam": (lambda p: Adam(p, 0.02), lambda t, p: t.optim.Adam(p, lr=0.02)),
    "adam_betas": (lambda p: Adam(p, 0.02, (0.5, 0.9), 1e-3), lambda t, p: t.optim.Adam(p, lr=0.02, betas=(0.5, 0.9), eps=1e-3)),
    "sgd": (lambda p: SGD(p, 0.01), lambda t, p: t.optim.SGD(p, lr=0.01)),
    "sgd_momentum": (lambda p: SGD(p, 0.01, 0.9), lambda t, p: t.optim.SGD(p, lr=0.01, momentum=0.9)),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_way_is_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours, theirs = OPTIMISERS[name]
    params = start()
    tensors = {k: torch.tensor(p, requires_grad=True) for k, p in start().items()}
    optimiser, reference = ours(params), theirs(torch, list(tensors.values()))
    for step in range(50):
        for k, g in gradients(step, {k: t.detach().numpy() for k, t in tensors.items()}).items():
            tensors[k].grad = torch.tensor(g)
        reference.step()
        optimiser.step(gradients(step, params))
        for k in SHAPES:
            np.testing.assert_allclose(params[k], tensors[k].detach().numpy(), rtol=1e-11, atol=1e-13)


def test_parameters_are_written_in_place_through_views() -> None:
    master = np.zeros(7)
    params = {"a": master[:4].reshape(2, 2), "b": master[4:]}
    Adam(params, 0.1).step({"a": np.ones((2, 2)), "b": -np.ones(3)})
    np.testing.assert_allclose(master, [-0.1] * 4 + [0.1] * 3, rtol=1e-6)


@pytest.mark.parametrize("make", [lambda p: Adam(p, 0.02), lambda p: SGD(p, 0.01, 0.9)], ids=["adam", "sgd"])
def test_a_checkpoint_goes_on_the_same_way(make) -> None:
    straight, stopped = start(), start()
    first, second = make(straight), make(stopped)
    for step in range(10):
        first.step(gradients(step, straight))
        if step == 5:
            kept, second = second.state(), make(stopped)
            second.restore(kept)
        second.step(gradients(step, stopped))
    for name in SHAPES:
        np.testing.assert_array_equal(straight[name], stopped[name])


def test_a_wrong_checkpoint_changes_nothing() -> None:
    params = start()
    optimiser = SGD(params, 0.1, 0.9)
    optimiser.step(gradients(0, params))
    before = optimiser.state()
    with pytest.raises(ArgumentError, match=r"lacks \['velocity.s'\]"):
        optimiser.restore({k: 0 * v for k, v in before.items() if k != "velocity.s"})
    with pytest.raises(ShapeError, match=r"velocity.b has shape \(5,\), expected \(4,\)"):
        optimiser.restore({k: 0 * v for k, v in before.items()} | {"velocity.b": np.zeros(5)})
    for k, v in optimiser.state().items():
        np.testing.assert_array_equal(v, before[k])


def test_a_parameter_without_gradient_stays() -> None:
    params = start()
    Adam(params).step({"b": np.ones(4)})
    np.testing.assert_array_equal(params["W"], start()["W"])


def test_wrong_input_is_told() -> None:
    params = start()
    with pytest.raises(ArgumentError, match=r"unknown parameters \['V'\]"):
        Adam(params).step({"V": np.ones(3)})
    with pytest.raises(ShapeError, match="the gradient of b has shape"):
        Adam(params).step({"b": np.ones(3)})
    with pytest.raises(ArgumentError, match=r"momentum is 1.0"):
        SGD(params, 0.1, 1.0)
    with pytest.raises(ArgumentError, match=r"beta is 2"):
        Adam(params, betas=(0.9, 2))


def test_clipping_by_value() -> None:
    g = {"a": np.array([-3.0, 0.5, np.nan]), "b": np.array(7.0)}
    clip_by_value(g, 1)
    np.testing.assert_array_equal(g["a"], [-1, 0.5, np.nan])
    assert g["b"] == 1
    with pytest.raises(ArgumentError, match="expected more than 0"):
        clip_by_value(g, 0)


def test_clipping_by_global_norm_is_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours = start(5)
    theirs = [torch.zeros(p.shape, dtype=torch.float64, requires_grad=True) for p in ours.values()]
    for t, p in zip(theirs, ours.values(), strict=True):
        t.grad = torch.tensor(p.copy())
    norm = clip_by_global_norm(ours, 0.5)
    assert norm == pytest.approx(torch.nn.utils.clip_grad_norm_(theirs, 0.5).item(), rel=1e-12)
    for t, p in zip(theirs, ours.values(), strict=True):
        np.testing.assert_allclose(p, t.grad.numpy(), rtol=2e-6 / norm)  # PyTorch adds 1e-6 to the norm
    before = {k: v.copy() for k, v in ours.items()}
    assert clip_by_global_norm(ours, 1.0) == pytest.approx(0.5)
    for k, v in ours.items():
        np.testing.assert_array_equal(v, before[k])


@pytest.mark.parametrize("limit", [0.5, 100.0])
def test_clipping_where_squares_overflow(limit: float) -> None:
    g = {"a": np.array([3e30, -4e30], np.float32), "b": np.array(0, np.float32)}
    assert clip_by_global_norm(g, limit) == pytest.approx(5e30, rel=1e-6)
    np.testing.assert_allclose(g["a"], [0.6 * limit, -0.8 * limit], rtol=1e-6)


@pytest.mark.parametrize(("element", "norm"), [(np.inf, np.inf), (-np.inf, np.inf), (np.nan, np.nan)])
def test_gradients_without_a_norm_are_left_alone(element: float, norm: float) -> None:
    g = {"a": np.array([3, element], np.float32), "b": np.array([4], np.float32)}
    np.testing.assert_equal(clip_by_global_norm(g, 1.0), norm)
    np.testing.assert_array_equal(g["a"], np.array([3, element], np.float32))
    assert g["b"] == 4
