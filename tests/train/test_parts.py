"""Dense and Embedding against PyTorch, float64: results and gradients to 1e-10; wrong input is told."""

import numpy as np
import pytest

from rnncc.errors import ArgumentError, DtypeError, ShapeError
from rnncc.train import Dense, Embedding, merge

TOLERANCE = {"rtol": 1e-10, "atol": 1e-12}


def torch_of(array: np.ndarray, grad: bool = True):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    return torch.tensor(array, requires_grad=grad)


@pytest.mark.parametrize("shape", [(3,), (5, 3), (4, 2, 3), (0, 2, 3)])
def test_dense_is_pytorchs_linear(shape: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(1)
    dense, x = Dense(3, 7, dtype="float64", seed=2), rng.standard_normal(shape)
    y, pullback = dense.vjp(x)
    weight, bias, theirs = torch_of(dense.params["W"]), torch_of(dense.params["b"]), torch_of(x)
    expected = torch.nn.functional.linear(theirs, weight, bias)
    dy = rng.standard_normal(y.shape)
    expected.backward(torch.tensor(dy))
    g = pullback(dy)
    np.testing.assert_allclose(y, expected.detach().numpy(), **TOLERANCE)
    np.testing.assert_allclose(g.x, theirs.grad.numpy(), **TOLERANCE)
    np.testing.assert_allclose(g.params["W"], weight.grad.numpy(), **TOLERANCE)
    np.testing.assert_allclose(g.params["b"], bias.grad.numpy(), **TOLERANCE)


@pytest.mark.parametrize("shape", [(), (50,), (9, 4), (0, 3)])
def test_embedding_is_pytorchs(shape: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(1)
    embedding, index = Embedding(6, 5, dtype="float64", seed=2), rng.integers(0, 6, shape)
    y, pullback = embedding.vjp(index)
    table = torch_of(embedding.params["E"])
    expected = torch.nn.functional.embedding(torch.tensor(index), table)
    dy = rng.standard_normal(y.shape)
    expected.backward(torch.tensor(dy))
    np.testing.assert_array_equal(y, expected.detach().numpy())
    g = pullback(dy)
    np.testing.assert_allclose(g.params["E"], table.grad.numpy(), **TOLERANCE)
    assert g.x is None


def test_a_pullback_belongs_to_its_forward_pass() -> None:
    dense, x = Dense(3, 2, seed=1), np.ones((4, 3), np.float32)
    y, pullback = dense.vjp(x)
    before = pullback(np.ones_like(y)).x
    dense.params["W"] += 1
    np.testing.assert_array_equal(pullback(np.ones_like(y)).x, before)


def test_parts_keep_their_dtype_and_their_seed() -> None:
    one, other = Dense(3, 2, seed=1), Dense(3, 2, seed=1)
    np.testing.assert_array_equal(one.params["W"], other.params["W"])
    y, pullback = one.vjp(np.ones((4, 3), np.float32))
    g = pullback(y)
    assert {y.dtype, g.x.dtype, g.params["W"].dtype, g.params["b"].dtype} == {np.dtype("float32")}
    assert Embedding(3, 2)(np.array([1])).dtype == np.float32


def test_merge_gives_the_very_same_arrays() -> None:
    dense = Dense(3, 2)
    assert merge(head=dense.params)["head.W"] is dense.params["W"]


def test_wrong_input_is_told() -> None:
    dense, embedding = Dense(3, 2), Embedding(4, 2)
    with pytest.raises(ShapeError, match=r"x has shape \(5, 4\), expected \(…, 3\)"):
        dense(np.ones((5, 4), np.float32))
    with pytest.raises(DtypeError, match=r"astype\('float32'\)"):
        dense(np.ones((5, 3)))
    with pytest.raises(ShapeError, match="dy has shape"):
        dense.vjp(np.ones((5, 3), np.float32))[1](np.ones((5, 3), np.float32))
    with pytest.raises(ArgumentError, match="from -1 to 2, expected 0 to 3"):
        embedding(np.array([2, -1]))
    with pytest.raises(DtypeError, match="expected integers"):
        embedding(np.array([1.0]))
    with pytest.raises(DtypeError, match="expected float32 or float64"):
        Dense(3, 2, dtype="float16")
    with pytest.raises(ArgumentError, match="must be 1 or more"):
        Dense(0, 2)
    with pytest.raises(ArgumentError, match="must be 1 or more"):
        Embedding(3, 0)
