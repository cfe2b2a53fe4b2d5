"""A contender is one library's way of computing a problem, ready to be called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.bench.problem import Problem
from rnncc.errors import UserError

Results = Mapping[str, NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class Contender:
    """A problem bound to a library.

    Parameters
    ----------
    call
        Computes the problem once; this is what is timed.
    read
        What a call has given, by the keys of the program: `output`, `<state>_T`, `d_<input>` …
    """

    call: Callable[[], Any]
    read: Callable[[Any], Results]


Maker = Callable[[Problem], Contender | None]
"""Binds a library to a problem; None where it does not serve it."""


class DisagreementError(UserError):
    """A contender that computes something else than the cell: its time would mean nothing."""


def ready(
    problem: Problem, makers: Mapping[str, Maker], clock: Callable[[], float], expected: Results | None
) -> tuple[dict[str, Contender], dict[str, float]]:
    """Contenders that serve `problem`, each called once, and the seconds that this call took with all before it.

    Raises
    ------
    DisagreementError
        One computes something else than what is `expected`; None: they are not checked.
    """
    contenders: dict[str, Contender] = {}
    seconds: dict[str, float] = {}
    for name, make in makers.items():
        start = clock()
        contender = make(problem)
        if contender is None:
            continue
        found = contender.call()
        seconds[name] = clock() - start
        if expected is not None:
            check(name, problem, contender.read(found), expected)
        contenders[name] = contender
    return contenders, seconds


def check(name: str, problem: Problem, found: Results, expected: Results) -> None:
    """Compare what contender `name` has computed with what it should.

    Raises
    ------
    DisagreementError
        A value is missing, has another shape, or is further off than rounding explains.
    """
    tolerance = _tolerance(problem)
    for key, value in expected.items():
        error = _error(np.asarray(found[key]), value) if key in found else float("nan")
        if not error <= tolerance:
            raise DisagreementError(
                f"{name} computes {problem} wrongly: {key} has a relative error of {error:.1e}, expected at most {tolerance:.1e}"
            )


def _tolerance(problem: Problem) -> float:
    """Rounding of sums of T (I + H) terms, each with some tens of units in the last place of what went before."""
    shape = problem.shape
    return float(np.finfo(problem.dtype).eps) * 64 * float(np.sqrt(shape.steps * (shape.inputs + shape.hidden)))


def _error(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Largest deviation relative to the largest value; NaN where shapes differ or a value is no number."""
    if found.shape != expected.shape:
        return float("nan")
    scale = max(float(np.abs(expected).max(initial=0)), 1e-3)
    return float(np.abs(found - expected).max(initial=0)) / scale
