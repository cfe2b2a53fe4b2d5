"""What size a thing has that a spec gives where a size is asked for."""

import sympy as sp

from rnncc.ir import Axes
from rnncc.spec import arguments
from rnncc.spec.fault import Mistake
from rnncc.spec.record import Size
from rnncc.spec.units import Known, poisoned, units_of


def axis_of(thing: object, known: Known) -> str:
    """The size that `thing` has; raises `Mistake` where it has none."""
    if isinstance(thing, Size):
        return thing.name
    if not isinstance(thing, sp.Expr) or isinstance(thing, sp.Number):
        raise Mistake("this has no size", found=repr(thing), expected="a value of the cell, concat(…), cell.hidden or cell.size(…)")
    if poisoned(thing):
        return "hidden"
    units = units_of(thing, known)
    if len(units) != 1:
        remedy = f"a scalar needs no weight: cell.vector(name, …) * {thing}"
        raise Mistake("this has no size", found=f"{thing}, a scalar", expected="a value with units", remedy=remedy)
    return units[0]


def axes_of(size: object, default: str, known: Known) -> Axes:
    """Unit axes of what is declared with `size`: `default` for None, none for 1."""
    if size is None:
        return (default,)
    return () if arguments.is_one(size) else (axis_of(size, known),)
