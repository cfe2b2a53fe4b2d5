"""Transforms that any cell takes, as keywords where a layer is made: what of them is compiled, and what is a constant of the layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnncc.errors import ArgumentError
from rnncc.runtime.domains import within
from rnncc.runtime.keywords import TRANSFORMS, flag

Structure = bool | tuple[str, ...]
"""What is compiled of a transform: True, or the states that it is for, none for all."""
Reader = Callable[[str, object], tuple[Structure, dict[str, float]]]
"""From keyword and value to what is compiled, and constants."""


@dataclass(frozen=True)
class Asked:
    """Keywords of a layer.

    Parameters
    ----------
    structure
        Transform -> what is compiled of it.
    keywords
        The others, and the constants that the transforms have.
    """

    structure: dict[str, Structure] = field(default_factory=dict)
    keywords: dict[str, Any] = field(default_factory=dict)


def asked_for(keywords: Mapping[str, object]) -> Asked:
    """`keywords` with the transforms among them apart; None and False ask for nothing.

    Raises `ArgumentError` for a value that a transform does not take.
    """
    asked = Asked()
    for name, value in keywords.items():
        if name not in TRANSFORMS:
            asked.keywords[name] = value
        elif value is not None and value is not False:
            asked.structure[name], constants = _READERS[TRANSFORMS[name]](name, value)
            asked.keywords.update(constants)
    return asked


def constant_name(keyword: str, state: str | None) -> str:
    """The constant that holds what `keyword` gives for `state`, or for all of them."""
    return keyword if state is None else f"{keyword}_{state}"


def _flag(name: str, value: object) -> tuple[Structure, dict[str, float]]:
    return flag(name, value), {}


def _rate(name: str, value: object) -> tuple[Structure, dict[str, float]]:
    return True, {name: within("rate", name, value)}


def _bound(name: str, value: object) -> tuple[Structure, dict[str, float]]:
    return True, {name: within("bound", name, value)}


def _rates_by_state(name: str, value: object) -> tuple[Structure, dict[str, float]]:
    return _by_state(name, value, _rate)


def _bounds_by_state(name: str, value: object) -> tuple[Structure, dict[str, float]]:
    return _by_state(name, value, _bound)


def _by_state(name: str, value: object, read: Reader) -> tuple[Structure, dict[str, float]]:
    """One number for all states, or a dict of them."""
    if not isinstance(value, Mapping):
        return (), read(name, value)[1]
    constants = {constant_name(name, state): one for state, one in value.items()}
    if not constants:
        raise ArgumentError(f"{name}={{}}; expected a number, or a dict of numbers by state")
    return tuple(sorted(map(str, value))), {k: v for key, one in constants.items() for k, v in read(key, one)[1].items()}


_READERS: dict[str, Reader] = {
    "flag": _flag,
    "rate": _rate,
    "bound": _bound,
    "rates": _rates_by_state,
    "bounds": _bounds_by_state,
}
