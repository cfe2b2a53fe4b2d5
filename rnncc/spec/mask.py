"""Random masks of a spec: what `cell.mask` is given, checked."""

from collections.abc import Collection, Mapping
from typing import get_args

import sympy as sp

from rnncc.functions import symbol
from rnncc.ir import Axes
from rnncc.runtime.cell_info import Per, RandomMask
from rnncc.spec import arguments
from rnncc.spec.fault import Mistake

SEQUENCE: Mapping[Per, Axes] = {"step": ("T", "N"), "sequence": ("N",), "call": ()}
"""The axes of a mask before its units."""
_DRAWN: tuple[Per, ...] = ("step", "sequence")
"""How often a spec may have one drawn: what is drawn once a call is for weights."""


def random_mask(name: str, units: str, rate: object, per: object, constants: Collection[str]) -> RandomMask:
    """The mask that a spec asks for; raises a `Mistake` for a rate or a `per` that is none."""
    found = next((known for known in get_args(Per) if known == per and known in _DRAWN), None)
    if found is None:
        raise Mistake(f"the mask {name} is drawn per step or per sequence", found=repr(per), expected=" or ".join(map(repr, _DRAWN)))
    return RandomMask(name, (units,), _rate(name, rate, constants), found)


def rate_of(mask: RandomMask) -> sp.Expr:
    """The probability of a 1, as an expression."""
    return symbol(mask.rate) if isinstance(mask.rate, str) else sp.Float(mask.rate)


def _rate(name: str, rate: object, constants: Collection[str]) -> float | str:
    if isinstance(rate, sp.Symbol) and rate.name in constants:
        return str(rate.name)
    if isinstance(rate, sp.Expr):
        raise Mistake(f"the rate of the mask {name} is no number", found=str(rate), expected="a number from 0 to 1, or a cell.constant")
    number = arguments.finite(f"the rate of the mask {name}", rate)
    if not 0 <= number <= 1:
        raise Mistake(f"the rate of the mask {name} is no probability", found=str(number), expected="a number from 0 to 1")
    return number
