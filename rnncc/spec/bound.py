"""Expressions that a cell is to keep, under a name of their own or as what a state becomes; each check raises a `Mistake`."""

import sympy as sp

from rnncc.functions import symbol
from rnncc.spec import arguments
from rnncc.spec.fault import Mistake, Span
from rnncc.spec.names import fresh, objection
from rnncc.spec.record import Bound, Record
from rnncc.spec.structure import POISON
from rnncc.spec.units import fits_next, units_of
from rnncc.suggest import close


def bound(name: str, expr: sp.Expr, record: Record, span: Span) -> sp.Expr:
    """The symbol that stands for `expr` from now on, called `name`, or `s_2` where that is taken; numbers stay what they are."""
    units = units_of(expr, record.units)
    if name.startswith("_") or not expr.free_symbols:
        return expr
    if reason := objection(name):
        raise Mistake(f"the name {name!r} of a value {reason}", remedy=f"call it something else, such as {name}_value")
    unique = fresh(name, [*record.entries, *record.sizes, *record.positions])
    record.entries[unique] = Bound(unique, expr, units, span)
    return symbol(unique)


def follow(name: str, value: object, record: Record, span: Span) -> None:
    """Note `value` as what the state `name` is at the following step."""
    if name not in record.states:
        raise Mistake(f"cell.next names {name}, which is no state", remedy=close(name, record.states))
    if name in record.next:
        raise Mistake(f"cell.next is given {name} twice", remedy=f"see line {record.next[name][1].line}")
    record.next[name] = (POISON, span)
    expr = arguments.value(f"next of {name}", value)
    fits_next(name, expr, record.units)
    record.next[name] = (expr, span)
