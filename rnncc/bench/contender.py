"""A contender is one library's way of computing a problem, ready to be called."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.bench.conditioning import ROUNDINGS
from rnncc.bench.problem import Problem
from rnncc.bench.short import shortened
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


@dataclass(frozen=True)
class Disagreement:
    """A contender that computes something else than the cell, or nothing: its time would mean nothing, so it is not timed.

    Parameters
    ----------
    contender, problem
        Who, and at what.
    value
        The result that is furthest off, by its key.
    error
        Its deviation relative to the largest value of that key; infinite where it is missing, of another shape or no number.
    at_most
        What rounding explains.
    failed
        The error that it ended with, where it did not get so far as to compute anything.
    """

    contender: str
    problem: str
    value: str
    error: float
    at_most: float
    failed: str = ""

    def __str__(self) -> str:
        if self.failed:
            return f"{self.contender}, {self.problem}: {self.failed}"
        off = f"has a relative error of {self.error:.1e}, expected at most {self.at_most:.1e}"
        return f"{self.contender}, {self.problem}: {self.value} {off if isfinite(self.error) else 'is missing, misshaped or no number'}"


class DisagreementError(UserError):
    """Contenders that were found wrong, told when all others have been measured."""

    def __init__(self, found: Sequence[Disagreement]) -> None:
        super().__init__("\n  ".join(["not timed, since it fails or computes something else:", *map(str, found)]))


@dataclass(frozen=True)
class Ready:
    """Contenders that serve a problem, each called once.

    Parameters
    ----------
    contenders
        By name, those that are right.
    seconds
        How long the first call took with all before it; over the first steps where they alone are compared.
    wrong
        The others.
    """

    contenders: Mapping[str, Contender]
    seconds: Mapping[str, float]
    wrong: tuple[Disagreement, ...]


def ready(problem: Problem, makers: Mapping[str, Maker], clock: Callable[[], float], compared: bool = True) -> Ready:
    """Contenders that serve `problem`, `compared` with the interpreter: over the first steps where it would take minutes for all."""
    short = shortened(problem)
    if not compared:
        return _called(problem, makers, clock, None)
    first = _called(short, makers, clock, short.expected())
    if short is problem:
        return first
    right = {name: makers[name] for name in first.contenders}
    return replace(first, contenders=_called(problem, right, clock, None).contenders)


def _called(problem: Problem, makers: Mapping[str, Maker], clock: Callable[[], float], expected: Results | None) -> Ready:
    contenders: dict[str, Contender] = {}
    seconds: dict[str, float] = {}
    wrong: list[Disagreement] = []
    for name, make in makers.items():
        start = clock()
        try:
            contender = make(problem)
            if contender is None:
                continue
            found = contender.call()
        except (RuntimeError, MemoryError) as error:  # how PyTorch and JAX say what they cannot do; the others can be timed
            wrong.append(Disagreement(name, str(problem), "", float("inf"), 0.0, f"{type(error).__name__}: {_first_line(error)}"))
            continue
        took = clock() - start
        fault = None if expected is None else disagreement(name, problem, contender.read(found), expected)
        if fault is None:
            contenders[name], seconds[name] = contender, took
        else:
            wrong.append(fault)
    return Ready(contenders, seconds, tuple(wrong))


def disagreement(name: str, problem: Problem, found: Results, expected: Results) -> Disagreement | None:
    """Where what contender `name` has computed is further from what is `expected` than rounding explains; None where it is right.

    Rounding is allowed what its errors add up to, or where the problem stretches them, what that makes of them (`bench.conditioning`).
    """
    errors = {key: _error(np.asarray(found[key]), value) if key in found else float("inf") for key, value in expected.items()}
    worst, at_most = max(errors, key=lambda key: errors[key]), _tolerance(problem)
    if at_most < errors[worst] < float("inf"):
        at_most = max(at_most, _stretched(problem, expected))
    return None if errors[worst] <= at_most else Disagreement(name, str(problem), worst, errors[worst], at_most)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")


def _tolerance(problem: Problem) -> float:
    """Rounding of sums of T (I + H) terms, each with some tens of units in the last place of what went before; and of operands.

    Operands are off by half a unit in their last place each by itself, so that a sum is off by as much of its size, however long it is.
    Some 30 times as much is what the steps before have left in a state; and a gradient that is added up step by step in that format is
    off by √T times as much in the end.
    """
    shape = problem.shape
    sums = float(np.finfo(problem.dtype).eps) * 64 * float(np.sqrt(shape.steps * (shape.inputs + shape.hidden)))
    operands = 0.0 if problem.precision == "exact" else problem.rounding * (32 + float(np.sqrt(shape.steps)))
    return sums + operands


def _stretched(problem: Problem, expected: Results) -> float:
    """What the problem makes of the roundings of each step."""
    return ROUNDINGS**0.5 * max(_error(found[key], value) for found in problem.nearby for key, value in expected.items())


def _error(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Largest deviation relative to the largest value; infinite where shapes differ or a value is no number."""
    if found.shape != expected.shape:
        return float("inf")
    scale = max(float(np.abs(expected).max(initial=0)), 1e-3)
    error = float(np.abs(found - expected).max(initial=0)) / scale
    return float("inf") if isnan(error) else error
