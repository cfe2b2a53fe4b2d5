"""The units of an expression, and whether it is written in the language at all."""

from collections.abc import Collection, Iterable, Iterator, Mapping

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean, BooleanFalse, BooleanTrue

from rnncc.functions import VOCABULARY, Elementwise
from rnncc.ir import COLUMNS, Axes, broadcast, size_names, whole_axes
from rnncc.spec.fault import Mistake
from rnncc.spec.structure import Diagonal, HardSigmoid, Join, Laid, OverUnits, Poison, Product, Softmax, Transposed

Known = Mapping[str, Axes]
"""Name -> unit axes: a weight and a matrix have two, a scalar none, blocks along a diagonal three."""

_PLAIN = (sp.Add, sp.Mul, Elementwise, HardSigmoid, sp.Abs)
_COMPARISONS = (sp.StrictLessThan, sp.LessThan, sp.StrictGreaterThan, sp.GreaterThan)


def units_of(expr: sp.Expr, known: Known) -> Axes:
    """Unit axes of `expr`: one, two for a weight or a matrix, none for a scalar.

    Raises `Mistake` where sizes do not fit, or something is not of the language.
    """
    if expr.is_Atom:
        return _symbol(expr, known) if expr.is_Symbol else _number(expr)
    match expr:
        case Product() | Transposed() | Diagonal():
            return _linear(expr, known)
        case Join():
            return _join(expr, known)
        case OverUnits() | Laid():
            return _reduction(expr, known) if isinstance(expr, OverUnits) else _laid(expr, known)
        case sp.Pow():
            return _power(expr, known)
        case sp.Piecewise():
            return _piecewise(expr, known)
        case _ if isinstance(expr, _PLAIN):
            return _common(expr.args, known)
        case _:
            raise _foreign(expr)


def poisoned(expr: sp.Expr) -> bool:
    """Whether a value that has failed already is part of `expr`."""
    return any(isinstance(s, Poison) for s in expr.free_symbols)


def fits(weight: sp.Expr, cols: str, operand: sp.Expr, known: Known) -> None:
    """Raise `Mistake` unless `operand` has the units that the weight's columns stand for; a matrix has them along its columns."""
    found = units_of(operand, known)
    if found != (cols,) and found[1:] != (cols + COLUMNS,):
        declared = f"the third argument of cell.weight is the size of what stands right of @: cell.weight('{weight}', …, {operand})"
        remedy = declared if weight.is_Symbol else ""
        message = f"{Product(weight, operand)}: the sizes do not fit"
        raise Mistake(
            message, found=f"{operand} of size {size_text(found)}", expected=f"size {cols}, the columns of {weight}", remedy=remedy
        )


def fits_next(state: str, expr: sp.Expr, known: Known) -> None:
    """Raise `Mistake` unless `expr` can be the following value of `state`: of its units, or of fewer."""
    found, own = () if poisoned(expr) else units_of(expr, known), known[state]
    if not set(found) <= set(own):
        message = f"next of {state} has another size than {state}"
        raise Mistake(message, found=f"{expr} of size {size_text(found)}", expected=f"size {size_text(own)}")


def fits_output(expr: sp.Expr, known: Known, positions: Collection[str]) -> None:
    """Raise `Mistake` unless `expr` is a vector, of units and not of the `positions` of a memory."""
    found = () if poisoned(expr) else units_of(expr, known)
    if any(name in positions for axis in found for name in size_names(axis)):
        remedy = 'sum(a * m, over="rows") leaves the units of the memory m; layer.trace shows values of positions'
        raise Mistake("the output goes over the positions of a memory", found=f"{expr} of size {size_text(found)}", remedy=remedy)
    if poisoned(expr) or is_vector(found):
        return
    if not found:
        raise Mistake("the output has no units", found=f"{expr}, a scalar", expected="a value with a size")
    remedy = 'sum(a, over="cols") leaves one number a row, rows(v) lays a value along the rows'
    raise Mistake("the output is no vector", found=f"{expr} of size {size_text(found)}", expected="a vector", remedy=remedy)


def _symbol(expr: sp.Symbol, known: Known) -> Axes:
    if expr.name not in known:
        remedy = "values come from cell.input, cell.state, cell.vector, cell.scalar or cell.constant"
        raise Mistake(f"the symbol {expr.name} is unknown to the cell", remedy=remedy)
    return known[expr.name]


def _number(expr: sp.Expr) -> Axes:
    if not expr.is_finite or not expr.is_real:
        raise Mistake("an expression holds a number that is not finite", found=str(expr), remedy="look for a division by zero")
    return ()


def _linear(expr: Product | Transposed | Diagonal, known: Known) -> Axes:
    if isinstance(expr, Diagonal):
        return whole_axes(units_of(expr.args[0], known))
    if isinstance(expr, Transposed):
        return units_of(expr.args[0], known)[::-1]
    weight, operand = expr.args
    rows, cols = units_of(weight, known)
    fits(weight, cols, operand, known)
    *lines, _ = units_of(operand, known)
    return (*lines, rows + COLUMNS) if lines else (rows,)


def _join(expr: sp.Expr, known: Known) -> Axes:
    parts = [(part, units_of(part, known)) for part in expr.args]
    scalars = [str(part) for part, units in parts if not units]
    if len(parts) < 2 or scalars:
        found = f"{', '.join(scalars)}, a scalar" if scalars else f"{len(parts)} part"
        raise Mistake("concat joins two or more values that have units", found=found)
    for part, units in parts:
        if not is_vector(units):
            raise Mistake("concat joins vectors", found=f"{part} of size {size_text(units)}")
    return ("+".join(axis for _, units in parts for axis in units),)


def _reduction(expr: sp.Expr, known: Known) -> Axes:
    operand, over = expr.args[0], expr.over
    found = units_of(operand, known)
    if not found:
        raise Mistake(f"{expr.word} goes over the units of a value", found=f"{operand}, a scalar")
    if len(found) == 1 and over:
        message = f"{expr.word} over the {over} goes over a matrix"
        raise Mistake(message, found=f"{operand} of size {size_text(found)}", remedy=f"{expr.word}({operand})")
    if len(found) == 1:
        return found if isinstance(expr, Softmax) else ()
    if over not in ("rows", "cols"):
        what = f"over={over!r}" if over else "no over="
        remedy = f'{expr.word}(a, over="cols") leaves one number a row, over="rows" one a column'
        raise Mistake(f"{expr.word} of a matrix goes over its rows or its columns", found=f"{what} for {operand}", remedy=remedy)
    if isinstance(expr, Softmax):
        return found
    return found[:1] if over == "cols" else found[1:]


def is_vector(units: Axes) -> bool:
    """Whether these are the units of an ordinary vector: neither a scalar, nor a matrix, nor laid along the columns."""
    return len(units) == 1 and not units[0].endswith(COLUMNS)


def _laid(expr: sp.Expr, known: Known) -> Axes:
    (operand,) = expr.args
    found = units_of(operand, known)
    if expr.word == "cols" and is_vector(found):
        return (found[0] + COLUMNS,)
    if expr.word == "rows" and len(found) == 1 and not is_vector(found):
        return (found[0].removesuffix(COLUMNS),)
    expected = "a vector" if expr.word == "cols" else "a value along the columns, such as cols(v)"
    raise Mistake(f"{expr.word}({operand}) lays no vector", found=f"{operand} of size {size_text(found)}", expected=expected)


def _power(expr: sp.Expr, known: Known) -> Axes:
    base, exponent = expr.args
    if not exponent.is_number:
        remedy = f"write exp(({exponent}) * log({base}))"
        raise Mistake("the exponent of a power is no number", found=f"{base} ** ({exponent})", expected="a number", remedy=remedy)
    _number(exponent)
    return units_of(base, known)


def _piecewise(expr: sp.Expr, known: Known) -> Axes:
    if expr.args[-1].cond is not sp.true:
        raise Mistake("Piecewise leaves a case open", expected="a last pair (value, True)", found=str(expr.args[-1].cond))
    compared = [side for pair in expr.args for side in _sides(pair.cond)]
    return _common([*(pair.expr for pair in expr.args), *compared], known)


def _sides(condition: Boolean) -> Iterator[sp.Expr]:
    match condition:
        case BooleanTrue() | BooleanFalse():
            return
        case sp.And() | sp.Or() | sp.Not():
            for part in condition.args:
                yield from _sides(part)
        case Relational() if isinstance(condition, _COMPARISONS):
            yield from condition.args
        case _:
            raise Mistake("a condition is made of <, <=, >, >=, &, | and ~", found=str(condition))


def _common(args: Iterable[sp.Expr], known: Known) -> Axes:
    found = {units: arg for arg in args if (units := units_of(arg, known))}
    joined = broadcast(found)
    if len(found) > 1 and [a.endswith(COLUMNS) for a in joined] != [False, True]:
        listed = ", ".join(sorted(f"{arg} of size {size_text(units)}" for units, arg in found.items()))
        remedy = "a product brings a value to another size: cell.weight(name, rows, cols) @ value"
        raise Mistake("values of different sizes meet in one elementwise expression", found=listed, expected="one size", remedy=remedy)
    return joined


def _foreign(expr: sp.Expr) -> Mistake:
    name = type(expr).__name__
    own = {f.lower(): f for f in (*VOCABULARY, "Piecewise")}.get(name.lower())
    if own:
        return Mistake(f"{name} here is sympy's own, which rnncc cannot compile", remedy=f"from rnncc.spec import {own}")
    listed = "see rnncc.spec for what there is"
    return Mistake(f"{name} is not part of the spec language", found=str(expr), remedy=listed)


def size_text(units: Axes) -> str:
    """`units` as messages say them: `hidden`, `hidden by input`, `hidden along the columns`."""
    along = " along the columns" if len(units) == 1 and not is_vector(units) else ""
    return (" by ".join(" + ".join(size_names(axis)) for axis in units) + along) or "one (a scalar)"
