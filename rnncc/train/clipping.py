"""Gradient clipping, in place."""

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
        The norm before.
    """
    _positive(limit)
    norm = float(np.sqrt(sum(float(np.vdot(g, g)) for g in gradients.values())))
    if norm > limit:
        for g in gradients.values():
            g *= limit / norm
    return norm


def _positive(bound: float) -> None:
    if not bound > 0:
        raise ArgumentError(f"the bound is {bound}, expected more than 0")
