"""What size a thing has that a spec gives where a size is asked for."""

import sympy as sp

from rnncc.ir import COLUMNS, Axes
from rnncc.spec import arguments
from rnncc.spec.fault import Mistake
from rnncc.spec.record import Declared, Index, Record, Size
from rnncc.spec.units import poisoned, size_text, units_of


def axis_of(thing: object, record: Record) -> str:
    """The size that `thing` has, of a memory that of its rows.

    Raises `Mistake` where it has none, or one that only a call of the layer settles.
    """
    if isinstance(thing, Size | Index):
        return thing.name if isinstance(thing, Size) else thing.size
    if not isinstance(thing, sp.Expr) or isinstance(thing, sp.Number):
        expected = "a value of the cell, concat(…), cell.hidden or cell.size(…)"
        raise Mistake("this has no size", found=repr(thing), expected=expected, remedy=_named(thing))
    if poisoned(thing):
        return "hidden"
    units = units_of(thing, record.units)
    if len(units) == 2 and units[0] in record.positions:
        return units[1].removesuffix(COLUMNS)
    if len(units) != 1:
        remedy = "" if units else f"a scalar needs no weight: cell.vector(name, …) * {thing}"
        what = "this has two sizes" if units else "this has no size"
        raise Mistake(what, found=f"{thing} of size {size_text(units)}", expected="a vector", remedy=remedy)
    axis = units[0].removesuffix(COLUMNS)
    if axis in record.positions:
        remedy = 'leave the positions by a sum first: sum(a * m, over="rows")'
        raise Mistake("the positions of a memory are no size", found=f"{thing} of size {size_text(units)}", remedy=remedy)
    return axis


def _named(thing: object) -> str:
    """What to write for a number: whoever makes a layer may want another."""
    number = int(thing) if isinstance(thing, int | sp.Integer) and not isinstance(thing, bool) else 0
    return f'give it a name: cell.size("NAME", default={number})' if number > 1 else ""


def axes_of(size: object, default: str, record: Record) -> Axes:
    """Unit axes of what is declared with `size`: `default` for None, none for 1."""
    if size is None:
        return (default,)
    return () if arguments.is_one(size) else (axis_of(size, record),)


def state_axes(name: str, size: object, record: Record) -> Axes:
    """As `axes_of`, of a state: two for a matrix, whose size is a pair."""
    if not isinstance(size, tuple):
        return axes_of(size, "hidden", record)
    if len(size) != 2:
        raise Mistake(
            f"the state {name} has no size of a matrix", found=f"{len(size)} sizes", expected="one size, a pair (rows, cols), or 1"
        )
    return tuple(axis_of(part, record) for part in size)


def fits_first(name: str, units: Axes, record: Record) -> None:
    """Raise `Mistake` where `name` is the first input of the cell and has another size than the layer's."""
    if units != ("input",) and not any(isinstance(e, Declared) and e.kind in ("input", "index") for e in record.entries.values()):
        raise Mistake(
            "the first input of a cell is the layer's", found=f"{name} of size {size_text(units)}", expected="no size= for it"
        )
