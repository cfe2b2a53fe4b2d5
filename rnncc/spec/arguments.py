"""Checks of what the methods of a cell are given; each raises a `Mistake`."""

import math
from collections.abc import Iterable
from numbers import Real

import sympy as sp

from rnncc.errors import ArgumentError
from rnncc.runtime.initial import INITIALISERS
from rnncc.spec.cell_spec import Option
from rnncc.spec.fault import Mistake
from rnncc.suggest import close


def whole(what: str, value: object) -> None:
    """`value` is None or a whole number of at least 1."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise Mistake(f"{what} is no number of units", found=repr(value), expected="a whole number of at least 1, or None")


def blocks(name: str, value: object) -> int:
    """`value` as the number of blocks along the diagonal of the weight `name`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        remedy = 'heads = cell.option("heads", 1) is a number that a layer is given'
        message = f"blocks of the weight {name} is no number of blocks"
        raise Mistake(message, found=repr(value), expected="a whole number of at least 1", remedy=remedy)
    return value


def is_one(size: object) -> bool:
    """Whether a size is the number 1: one number a sample, which broadcasts over the units of whatever it meets."""
    return isinstance(size, int) and not isinstance(size, bool) and size == 1


def number(what: str, value: object) -> float:
    """`value` as a float."""
    if isinstance(value, bool) or not isinstance(value, Real) or math.isnan(float(value)):
        raise Mistake(f"{what} is no number", found=repr(value), expected="a Python number")
    return float(value)


def finite(what: str, value: object) -> float:
    """`value` as a float that is not infinite."""
    found = number(what, value)
    if math.isinf(found):
        raise Mistake(f"{what} is not finite", found=repr(value), expected="a finite number")
    return found


def initialiser(name: str, init: object) -> str | float | None:
    """`init` as a layer understands it: None, a number, or the name of an initialiser."""
    if isinstance(init, str) and init not in INITIALISERS:
        raise Mistake(f"{name} has an unknown initialiser", found=repr(init), remedy=close(init, INITIALISERS))
    if init is None or isinstance(init, str):
        return init
    return finite(f"init of {name}", init)


def value(what: str, given: object) -> sp.Expr:
    """`given`, an expression over values of the cell."""
    if not isinstance(given, sp.Expr) or not given.free_symbols:
        raise Mistake(f"{what} is no value of the cell", found=repr(given), expected="an expression of inputs, states and parameters")
    return given


def option(chosen: Option) -> None:
    """The default is a plain value, and one of the choices; so is the value, or it is of the default's type.

    Raises `ArgumentError` where whoever loads the spec chose wrongly.
    """
    if not isinstance(chosen.default, bool | int | str) and not (isinstance(chosen.default, float) and math.isfinite(chosen.default)):
        raise Mistake(
            f"the default of the option {chosen.name} is no plain value",
            found=repr(chosen.default),
            expected="a word, a finite number, True or False",
            remedy='let the option name what you mean: {"tanh": tanh}[cell.option("phi", "tanh")]',
        )
    if chosen.choices and chosen.default not in chosen.choices:
        raise Mistake(
            f"the default of the option {chosen.name} is none of its choices",
            found=repr(chosen.default),
            expected=_listed(chosen.choices),
        )
    if chosen.choices and chosen.value not in chosen.choices:
        raise ArgumentError(f"{chosen.name}={chosen.value!r}: expected one of {_listed(chosen.choices)}")
    if not chosen.choices and type(chosen.value) is not type(chosen.default):
        kind = type(chosen.default).__name__
        raise ArgumentError(
            f"{chosen.name}={chosen.value!r} is a {type(chosen.value).__name__}; expected {kind}, such as {chosen.default!r}"
        )
    if chosen.least is not None:
        _not_below(chosen, chosen.least)


def _not_below(chosen: Option, least: int) -> None:
    default, value = chosen.default, chosen.value
    if isinstance(default, bool) or not isinstance(default, int | float) or default < least:
        raise Mistake(
            f"the default of the option {chosen.name} is below its least value", found=repr(default), expected=f"{least} or more"
        )
    if isinstance(value, int | float) and value < least:
        raise ArgumentError(f"{chosen.name}={value!r}; expected a number of at least {least}")


def _listed(choices: Iterable[object]) -> str:
    return ", ".join(map(repr, choices))
