"""Sympy expressions as Python over SIMD vectors, or over NumPy arrays: the functions carry the same names in both."""

from collections.abc import Callable, Collection, Mapping

import sympy as sp

from rnncc.errors import InternalError
from rnncc.functions import Elementwise

_SUM, _PRODUCT, _ATOM = 0, 1, 2

_RELATIONS: Mapping[type[sp.Basic], str] = {
    sp.StrictGreaterThan: ">",
    sp.GreaterThan: ">=",
    sp.StrictLessThan: "<",
    sp.LessThan: "<=",
    sp.Equality: "==",
    sp.Unequality: "!=",
}


def expression(
    expr: sp.Expr, operand: Callable[[str], str], functions: str = "", negation: str = "~", numbers: Collection[str] = ()
) -> str:
    """`expr` as Python source. Floats by `repr`, never by sympy's 15 digits.

    Parameters
    ----------
    expr
        What is written.
    operand
        How a value is read.
    functions
        What stands before the name of a function of the vocabulary.
    negation
        What stands before a condition that must not hold.
    numbers
        Values that are Python numbers: what they decide alone is a conditional expression.
    """
    return _Writer(operand, functions, negation, numbers).write(expr, _SUM)


class _Writer:
    def __init__(self, operand: Callable[[str], str], functions: str, negation: str, numbers: Collection[str]) -> None:
        self.operand, self.functions, self.negation, self.numbers = operand, functions, negation, numbers

    def write(self, e: sp.Expr, binding: int) -> str:
        """`e`, in parentheses where it binds less tightly than `binding`."""
        text, own = self.bound(e)
        return f"({text})" if own < binding else text

    def bound(self, e: sp.Expr) -> tuple[str, int]:
        match e:
            case sp.Symbol():
                return self.operand(e.name), _ATOM
            case sp.Integer() | sp.Float() | sp.Rational():
                return _number(float(e))
            case sp.Add():
                return self.sum(e), _SUM
            case sp.Mul():
                return self.product(e)
            case sp.Pow():
                return self.power(e)
            case Elementwise():
                return f"{self.functions}{type(e).__name__}({', '.join(self.write(a, _SUM) for a in e.args)})", _ATOM
            case sp.Piecewise():
                return self.piecewise(list(e.args)), _ATOM
            case _:
                raise InternalError(f"no source for {type(e).__name__}: {e}")

    def sum(self, e: sp.Add) -> str:
        """Terms in sympy's reading order, subtractions as such; a positive term first where there is one."""
        terms = list(e.as_ordered_terms())
        terms.sort(key=lambda a: a.could_extract_minus_sign())
        text = self.write(terms[0], _SUM)
        for term in terms[1:]:
            minus = term.could_extract_minus_sign()
            text += f" - {self.write(-term, _PRODUCT)}" if minus else f" + {self.write(term, _SUM)}"
        return text

    def product(self, e: sp.Mul) -> tuple[str, int]:
        if e.could_extract_minus_sign():
            return f"-{self.write(-e, _PRODUCT)}", _SUM
        above = [f for f in e.as_ordered_factors() if not _is_divisor(f)]
        below = [1 / f for f in e.as_ordered_factors() if _is_divisor(f)]
        text = " * ".join(self.write(f, _PRODUCT) for f in above) or "1.0"
        if below:
            divisor = sp.Mul(*below)
            text += f" / {self.write(divisor, _ATOM)}"
        return text, _PRODUCT

    def power(self, e: sp.Pow) -> tuple[str, int]:
        base, exponent = e.args
        if not exponent.is_number:
            raise InternalError(f"no source for the power {e}: its exponent is no number")
        if exponent < 0:
            return f"1.0 / {self.write(sp.Pow(base, -exponent), _ATOM)}", _PRODUCT
        if 2 * exponent != int(2 * exponent) or exponent > 16:
            return f"{self.functions}exp({float(exponent)!r} * {self.functions}log({self.write(base, _SUM)}))", _ATOM
        whole, text = int(exponent), self.write(base, _PRODUCT)
        factors = [text] * whole + [f"{self.functions}sqrt({self.write(base, _SUM)})"] * (exponent != whole)
        return " * ".join(factors), _PRODUCT if len(factors) > 1 else _ATOM

    def piecewise(self, cases: list[tuple[sp.Expr, sp.Basic]]) -> str:
        (value, condition), *rest = cases
        if condition == sp.true:
            return self.write(value, _SUM)
        if not rest:
            raise InternalError(f"a Piecewise without a last case: {value} if {condition}")
        if all(s.name in self.numbers for s in condition.free_symbols):
            decided = _Writer(self.operand, self.functions, "not ", self.numbers).condition(condition)
            return f"({self.write(value, _SUM)} if {decided} else {self.piecewise(rest)})"
        return f"{self.functions}where({self.condition(condition)}, {self.write(value, _SUM)}, {self.piecewise(rest)})"

    def condition(self, c: sp.Basic) -> str:
        match c:
            case sp.And():
                return "(" + " & ".join(self.condition(a) for a in c.args) + ")"
            case sp.Or():
                return "(" + " | ".join(self.condition(a) for a in c.args) + ")"
            case sp.Not():
                return f"({self.negation}{self.condition(c.args[0])})"
            case sp.core.relational.Relational():
                return f"({self.write(c.lhs, _SUM)} {_RELATIONS[type(c)]} {self.write(c.rhs, _SUM)})"
            case _:
                raise InternalError(f"no source for the condition {c}")


def _number(value: float) -> tuple[str, int]:
    return repr(value), _SUM if value < 0 else _ATOM


def _is_divisor(factor: sp.Expr) -> bool:
    return isinstance(factor, sp.Pow) and bool(factor.exp.is_number) and factor.exp < 0
