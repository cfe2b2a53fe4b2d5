"""Gradient clipping, in place."""

import math
from collections.abc import Mapping

import numpy as np

from rnncc.errors import ArgumentError
from rnncc.train.gradient import Array


def clip_by_value(gradients: Mapping[str, Array], bound: float) -> None:
    """Move every element into [-bound, bound]; NaN stays."""
    _positive(bound)
    for g in gradients.values():
        np.clip(g, -bound, bound, out=g)


def clip_by_global_norm(gradients: Mapping[str, Array], limit: float) -> float:
    """Scale all of `gradients` so that their common Euclidean norm is at most `limit` (Pascanu, Mikolov & Bengio 2013).

    Returns
    -------
    float
        The norm before. Where an element is infinite or NaN so is this, and `gradients` are left as they are: there is no step to
        take from them.
    """
    _positive(limit)
    norm = _norm(gradients)
    if norm == math.inf:
        return _clip_large(gradients, limit)
    if norm > limit:
        _scale(gradients, limit / norm)
    return norm


def _clip_large(gradients: Mapping[str, Array], limit: float) -> float:
    """As `clip_by_global_norm`, where squares are too large for the dtype: those of shares of the largest element are not."""
    most = max(float(np.abs(g).max(initial=0)) for g in gradients.values())
    if not math.isfinite(most):
        return most
    _scale(gradients, 1 / most)
    shares = _norm(gradients)
    _scale(gradients, min(limit, most * shares) / shares)
    return most * shares


def _norm(gradients: Mapping[str, Array]) -> float:
    return math.sqrt(sum(float(np.vdot(g, g)) for g in gradients.values()))


def _scale(gradients: Mapping[str, Array], factor: float) -> None:
    for g in gradients.values():
        g *= factor


def _positive(bound: float) -> None:
    if not bound > 0:
        raise ArgumentError(f"the bound is {bound}, expected more than 0")
