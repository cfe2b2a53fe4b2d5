"""Means over a batch in a spec: of what `cell.batch_mean` is taken, checked."""

import sympy as sp

from rnncc.ir import Axes, size_names
from rnncc.spec.fault import Mistake
from rnncc.spec.record import Record
from rnncc.spec.units import is_vector, size_text, units_of


def averaged(name: str, value: sp.Expr, record: Record) -> Axes:
    """The units of the batch mean `name` of `value`.

    Raises `Mistake` unless `value` is a vector, or one number a sample and step, that varies with an input and that no state reaches:
    all of its steps have to be there before the first of the loop.
    """
    units, kinds = units_of(value, record.units), record.kinds(value)
    if "state" in kinds:
        remedy = "take it of what is made of the input alone, cell.weight(…) @ x; mean(a) goes over the units of a step"
        message = f"the batch mean {name} is of a value that a state reaches"
        raise Mistake(message, found=str(value), expected="a value that is known for all steps before the first", remedy=remedy)
    if not kinds & {"input", "index"}:
        raise Mistake(f"the batch mean {name} is of a value that does not vary with the input", found=str(value))
    positions = any(size in record.positions for axis in units for size in size_names(axis))
    if positions or not (is_vector(units) or not units):
        expected = "a vector, or one number a sample"
        raise Mistake(f"the batch mean {name} is of no vector", found=f"{value} of size {size_text(units)}", expected=expected)
    return units
