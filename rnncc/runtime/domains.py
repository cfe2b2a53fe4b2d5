"""Constants that take some numbers alone."""

import math
from collections.abc import Callable

from rnncc.errors import ArgumentError
from rnncc.runtime.cell_info import Domain
from rnncc.runtime.keywords import number

_DOMAINS: dict[Domain, tuple[Callable[[float], bool], str]] = {
    "probability": (lambda v: 0 <= v <= 1, "a probability from 0 to 1"),
    "rate": (lambda v: 0 <= v < 1, "a probability from 0 up to, but not, 1"),
    "share": (lambda v: 0 < v <= 1, "a probability above 0, up to 1"),
    "bound": (lambda v: v > 0, "a number above 0"),
}


def within(domain: Domain | None, name: str, value: object) -> float:
    """`value` as the number that `name` is given; raises `ArgumentError` where it is none, or not of `domain` (None: all are)."""
    found = number(name, value)
    holds, expected = (lambda v: not math.isnan(v), "a number") if domain is None else _DOMAINS[domain]
    if not holds(found):
        raise ArgumentError(f"{name}={found}; expected {expected}")
    return found
