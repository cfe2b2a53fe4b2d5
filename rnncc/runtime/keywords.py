"""The keywords of a cell: sizes, constants and options, told apart by what the cell declares."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from numbers import Real

from rnncc.errors import ArgumentError
from rnncc.runtime.cell_info import CellInfo

LAYER_KEYWORDS = (
    "num_layers",
    "bias",
    "bidirectional",
    "batch_first",
    "dropout",
    "checkpoint",
    "residual",
    "truncate",
    "dtype",
    "weight_dtype",
    "device",
    "precision",
    "threads",
    "seed",
)
TRANSFORMS = {
    "layer_norm": "flag",
    "preactivation_clip": "bound",
    "input_dropout": "rate",
    "recurrent_dropout": "rate",
    "weight_drop": "rate",
    "state_clip": "bounds",
    "zoneout": "rates",
    "learn_initial": "flag",
    "reset": "flag",
    "highway": "flag",
    "reversible": "flag",
}
"""Keywords of `rnncc.RNN` that change what is compiled of a cell, in the order in which they do, and what each takes: True; a rate; a
bound; one of them for all states, or a dict by state."""


@dataclass(frozen=True)
class CellKeywords:
    """Every size and constant of a cell with the value a layer uses; the options that were given."""

    sizes: dict[str, int]
    constants: dict[str, float]
    options: dict[str, object]


def split_keywords(
    cell: CellInfo, given: Mapping[str, object], beside: Collection[str] = (*LAYER_KEYWORDS, *TRANSFORMS)
) -> CellKeywords:
    """`given` by kind, completed with the cell's defaults; `beside` names what else the caller takes.

    Raises `ArgumentError` for an unknown keyword, a size that is missing or no positive whole number, or a constant that is no number.
    """
    known = (*cell.sizes, *cell.constants, *cell.options)
    for name in given:
        if name in TRANSFORMS and name not in known:
            raise ArgumentError(f"{cell.name} was compiled without {name}; use rnncc.RNN(…, {name}={given[name]!r})")
        if name not in known:
            near = suggestion(name, (*known, *beside))
            raise ArgumentError(f"{cell.name} takes no {name}={given[name]!r}{near}")
    sizes = {name: _size(cell, name, given.get(name, default)) for name, default in cell.sizes.items()}
    constants = {name: number(name, given.get(name, default)) for name, default in cell.constants.items()}
    return CellKeywords(sizes, constants, {k: v for k, v in given.items() if k in cell.options})


def check_options(cell: CellInfo, given: Mapping[str, object]) -> None:
    """Raise `ArgumentError` unless `given` are the options the cell was compiled with."""
    for name, value in given.items():
        if value != cell.options[name]:
            raise ArgumentError(
                f"{cell.name} was compiled with {name}={cell.options[name]!r}, not {value!r}; "
                f"use rnncc.RNN(…, {name}={value!r}), or compile the spec with that option"
            )


def whole(name: str, value: object, least: int) -> int:
    """`value` as an int, or `ArgumentError` where it is no whole number of at least `least`."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ArgumentError(f"{name}={value!r} is a {type(value).__name__}; expected a whole number of at least {least}")
    found = int(value.__index__())
    if found < least:
        raise ArgumentError(f"{name}={found}; expected a whole number of at least {least}")
    return found


def number(name: str, value: object) -> float:
    """`value` as a float, or `ArgumentError`."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ArgumentError(f"{name}={value!r} is a {type(value).__name__}; expected a number")
    return float(value)


def flag(name: str, value: object) -> bool:
    """`value`, or `ArgumentError` where it is neither True nor False."""
    if not isinstance(value, bool):
        raise ArgumentError(f"{name}={value!r}; expected True or False")
    return value


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, or the list of what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, 1)
    return f"; did you mean {close[0]}?" if close else f"; there is {', '.join(names) or 'none'}"


def _size(cell: CellInfo, name: str, value: object) -> int:
    if value is None:
        raise ArgumentError(f"{cell.name} needs the size {name}: give {name}=…")
    return whole(name, value, 1)
