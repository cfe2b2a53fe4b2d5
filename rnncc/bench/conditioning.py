"""How far apart right results may be: what they do when the numbers given move by as much as rounding them would.

A recurrence can stretch a rounding error from step to step, and a normalisation divides by what may be small. No arithmetic of a
problem's precision is then nearer to the exact result than that, whoever computes.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.bench.problem import Problem

_STEPS_APART = 8
"""A step rounds some tens of numbers where moving what is given does it to each once; such errors, independent, add as the root."""


def stretched(problem: Problem, expected: Mapping[str, NDArray[np.floating[Any]]], error: Callable[..., float]) -> float:
    """The largest `error` against what is `expected` that rounding may explain by the conditioning of `problem`.

    Parameters
    ----------
    problem
        Its parameters, inputs, memories and first states are moved at random, each number by up to half a unit in the last place.
    expected
        What the interpreter gives where nothing moves, by key.
    error
        Of (found, expected) arrays.
    """
    found = problem.expected(moved(problem.rounding))
    return _STEPS_APART * max(error(found[key], value) for key, value in expected.items())


def moved(half: float) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Moves floats at random by up to `half` of themselves, half a unit in the last place; whole numbers stay."""
    rng = np.random.default_rng(5)

    def move(value: NDArray[Any]) -> NDArray[Any]:
        if value.dtype.kind != "f":
            return value
        return value.astype(np.float64) * (1 + half * rng.uniform(-1, 1, value.shape))

    return move
