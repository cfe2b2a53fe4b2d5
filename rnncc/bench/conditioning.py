"""How far apart right results may be: what they do when the numbers given move by as much as rounding them would.

A recurrence can stretch a rounding error from step to step, and a normalisation divides by what may be small. No arithmetic of a
problem's precision is then nearer to the exact result than that, whoever computes.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRAWS = 4
"""Which direction a problem stretches most is chance: the largest of a few counts."""
ROUNDINGS = 256
"""Of each unit in a step, some hundreds, where moving what is given rounds each number once; independent errors add as the root."""


def moved(half: float, draw: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Moves floats at random by up to `half` of themselves, half a unit in the last place; whole numbers and what is no number stay."""
    rng = np.random.default_rng((5, draw))

    def move(value: NDArray[Any]) -> NDArray[Any]:
        if value.dtype.kind != "f":
            return value
        return value.astype(np.float64) * (1 + half * rng.uniform(-1, 1, value.shape))

    return move
