"""Losses: each gives its value and its gradient by the first argument, a mean over what the mask leaves in.

`mask` leaves out padding: what it hides, NaN included, touches neither the loss nor the gradient, which is zero there.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.train import check
from rnncc.train.gradient import Array

Mask = NDArray[np.bool_]


def live(lengths: NDArray[np.integer[Any]], steps: int) -> Mask:
    """The mask (T, N) of a batch: True before each sequence's end.

    Parameters
    ----------
    lengths
        (N,) integers.
    steps
        T.
    """
    check.indices(lengths, steps + 1, "lengths")
    return np.arange(steps)[:, None] < lengths


def softmax_cross_entropy(logits: Array, target: NDArray[np.integer[Any]], mask: Mask | None = None) -> tuple[float, Array]:
    """Mean of -log softmax(logits)[target], in nats.

    Parameters
    ----------
    logits
        (…, C) float.
    target
        (…) integers from 0 to C - 1 wherever `mask` is True.
    mask
        (…) bool; None takes everything.

    Returns
    -------
    loss : float
    d_logits : array
        Shape and dtype of `logits`.
    """
    check.same_shape(target.shape, logits.shape[:-1], "target")
    rows, kept = _rows(logits.reshape(-1, logits.shape[-1]), mask, target.shape)
    labels = target.ravel()[kept]
    check.indices(labels, logits.shape[-1], "target")
    shifted = rows - rows.max(1, keepdims=True)
    at = (np.arange(len(labels)), labels)
    picked = shifted[at]
    np.exp(shifted, out=shifted)
    total = shifted.sum(1, keepdims=True)
    loss = (np.log(total[:, 0]) - picked).sum(dtype=np.float64)
    shifted /= total
    shifted[at] -= 1
    return _mean(loss, shifted, kept, logits.shape, len(labels))


def sigmoid_cross_entropy(logits: Array, target: Array, mask: Mask | None = None) -> tuple[float, Array]:
    """Mean of -target log σ(logits) - (1 - target) log(1 - σ(logits)), in nats, over elements.

    Parameters
    ----------
    logits
        (…) float.
    target
        (…) of 0 to 1.
    mask
        Bool, of the shape of `logits` or of its first axes; None takes everything.

    Returns
    -------
    loss : float
    d_logits : array
        Shape and dtype of `logits`.
    """
    check.same_shape(target.shape, logits.shape, "target")
    z, kept = _elements(logits, mask)
    t = target.ravel()[kept].astype(logits.dtype, copy=False)
    small = np.exp(-np.abs(z))
    loss = (np.maximum(z, 0) - z * t + np.log1p(small)).sum(dtype=np.float64)
    probability = np.where(z >= 0, 1, small) / (1 + small)
    return _mean(loss, probability - t, kept, logits.shape, t.size)


def mean_squared_error(y: Array, target: Array, mask: Mask | None = None) -> tuple[float, Array]:
    """Mean of (y - target)² over elements; shapes as in `sigmoid_cross_entropy`."""
    check.same_shape(target.shape, y.shape, "target")
    values, kept = _elements(y, mask)
    difference = values - target.ravel()[kept].astype(y.dtype, copy=False)
    loss = np.square(difference).sum(dtype=np.float64)
    difference *= 2
    return _mean(loss, difference, kept, y.shape, difference.size)


def _rows(rows: Array, mask: Mask | None, shape: tuple[int, ...]) -> tuple[Array, Any]:
    if mask is None:
        return rows, slice(None)
    check.same_shape(mask.shape, shape, "mask")
    kept = np.flatnonzero(mask)
    return rows[kept], kept


def _elements(values: Array, mask: Mask | None) -> tuple[Array, Any]:
    if mask is None:
        return values.ravel(), slice(None)
    check.same_shape(mask.shape, values.shape[: mask.ndim], "mask")
    spread = mask.reshape(*mask.shape, *[1] * (values.ndim - mask.ndim))
    kept = np.flatnonzero(np.broadcast_to(spread, values.shape))
    return values.ravel()[kept], kept


def _mean(loss: np.floating[Any], gradient: Array, kept: Any, shape: tuple[int, ...], count: int) -> tuple[float, Array]:
    """Loss and gradient of a sum to those of the mean; an empty one is zero."""
    scale = 1 / max(count, 1)
    gradient *= scale
    whole = gradient
    if not isinstance(kept, slice):
        whole = np.zeros((int(np.prod(shape[: len(shape) - gradient.ndim + 1], dtype=np.int64)), *gradient.shape[1:]), gradient.dtype)
        whole[kept] = gradient
    return float(loss) * scale, whole.reshape(shape)
