"""Losses against PyTorch, float64: values and gradients to 1e-10, with and without a mask."""

import numpy as np
import pytest

from rnncc.errors import ArgumentError, ShapeError
from rnncc.train import live, mean_squared_error, sigmoid_cross_entropy, softmax_cross_entropy

TOLERANCE = {"rtol": 1e-10, "atol": 1e-12}
LENGTHS = np.array([3, 0, 5])
RNG = np.random.default_rng(3)
LOGITS = RNG.standard_normal((5, 3, 4)) * 10
CLASSES = RNG.integers(0, 4, (5, 3))
TARGETS = RNG.uniform(0, 1, (5, 3, 4))


def masked_mean(torch, per_element, mask):
    kept = per_element if mask is None else per_element[torch.tensor(mask)]
    return kept.mean()


@pytest.mark.parametrize("mask", [None, live(LENGTHS, 5)], ids=["whole", "masked"])
@pytest.mark.parametrize("which", ["softmax", "sigmoid", "square"])
def test_a_loss_is_pytorchs(which: str, mask: np.ndarray | None) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    functional, theirs = torch.nn.functional, torch.tensor(LOGITS, requires_grad=True)
    match which:
        case "softmax":
            found = softmax_cross_entropy(LOGITS, CLASSES, mask)
            each = functional.cross_entropy(theirs.movedim(-1, 1), torch.tensor(CLASSES), reduction="none")
        case "sigmoid":
            found = sigmoid_cross_entropy(LOGITS, TARGETS, mask)
            each = functional.binary_cross_entropy_with_logits(theirs, torch.tensor(TARGETS), reduction="none")
        case _:
            found = mean_squared_error(LOGITS, TARGETS, mask)
            each = functional.mse_loss(theirs, torch.tensor(TARGETS), reduction="none")
    expected = masked_mean(torch, each, mask)
    expected.backward()
    np.testing.assert_allclose(found[0], expected.item(), **TOLERANCE)
    np.testing.assert_allclose(found[1], theirs.grad.numpy(), **TOLERANCE)


@pytest.mark.parametrize("loss", [softmax_cross_entropy, sigmoid_cross_entropy, mean_squared_error])
def test_what_the_mask_hides_touches_nothing(loss) -> None:
    mask = live(LENGTHS, 5)
    target = CLASSES if loss is softmax_cross_entropy else TARGETS
    logits, hidden = LOGITS.astype(np.float32), LOGITS.astype(np.float32)
    hidden[~mask] = np.nan
    value, gradient = loss(logits, target, mask)
    other, same = loss(hidden, target, mask)
    assert value == other
    np.testing.assert_array_equal(gradient, same)
    assert gradient.dtype == np.float32
    assert not gradient[~mask].any()


@pytest.mark.parametrize("loss", [softmax_cross_entropy, sigmoid_cross_entropy, mean_squared_error])
def test_an_empty_mask_is_zero(loss) -> None:
    target = CLASSES if loss is softmax_cross_entropy else TARGETS
    value, gradient = loss(LOGITS, target, np.zeros((5, 3), bool))
    assert value == 0
    assert not gradient.any()


def test_large_logits_neither_overflow_nor_lose_the_loss() -> None:
    logits = np.array([[1000.0, 0.0], [-1000.0, 0.0]], np.float32)
    assert softmax_cross_entropy(logits, np.array([1, 1]))[0] == 500
    assert sigmoid_cross_entropy(logits, np.zeros((2, 2)))[0] == pytest.approx((1000 + 2 * np.log(2)) / 4, rel=1e-6)


def test_inputs_are_not_written() -> None:
    before = LOGITS.copy()
    softmax_cross_entropy(LOGITS, CLASSES)
    sigmoid_cross_entropy(LOGITS, TARGETS)
    mean_squared_error(LOGITS, TARGETS)
    np.testing.assert_array_equal(LOGITS, before)


def test_live() -> None:
    np.testing.assert_array_equal(live(np.array([2, 0, 3]), 3), np.array([[1, 0, 1], [1, 0, 1], [0, 0, 1]], bool))
    with pytest.raises(ArgumentError, match="lengths holds values from 1 to 4, expected 0 to 3"):
        live(np.array([1, 4]), 3)


def test_wrong_input_is_told() -> None:
    with pytest.raises(ShapeError, match=r"target has shape \(5, 2\), expected \(5, 3\)"):
        softmax_cross_entropy(LOGITS, CLASSES[:, :2])
    with pytest.raises(ArgumentError, match="expected 0 to 3"):
        softmax_cross_entropy(LOGITS, CLASSES + 1)
    with pytest.raises(ShapeError, match="mask has shape"):
        softmax_cross_entropy(LOGITS, CLASSES, np.ones((3, 5), bool))
    with pytest.raises(ShapeError, match="mask has shape"):
        mean_squared_error(LOGITS, TARGETS, np.ones((3, 5), bool))
