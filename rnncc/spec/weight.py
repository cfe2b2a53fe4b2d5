"""A weight stands left of `@` and nowhere else."""

from collections.abc import Callable

import sympy as sp

from rnncc.functions import symbol
from rnncc.spec.fault import Mistake
from rnncc.spec.structure import Product

Elementwise = Callable[["Weight", object], sp.Expr]


def _before(sign: str) -> Elementwise:
    """The operator `sign` with a weight on its left."""

    def operate(weight: "Weight", other: object) -> sp.Expr:
        return weight.misused(f"{weight.name} {sign} {other}", f"apply it first: {weight.name} @ v")

    return operate


def _after(sign: str) -> Elementwise:
    """The operator `sign` with a weight on its right."""

    def operate(weight: "Weight", other: object) -> sp.Expr:
        u = weight.name
        loose = f"apply it first: {u} @ v"
        tight = f"`r {sign} {u} @ h` is read as `(r {sign} {u}) @ h`: write `r {sign} ({u} @ h)`"
        return weight.misused(f"{other} {sign} {u}", tight if sign in "*/" else loose)

    return operate


class Weight:
    """A matrix of `rows` by `cols` units. `W @ v` is a product; everything else is a mistake, recorded by `report`."""

    def __init__(
        self, name: str, rows: str, cols: str, accept: Callable[["Weight", sp.Expr], None], report: Callable[[Mistake], sp.Expr]
    ) -> None:
        self.name = name
        self.rows = rows
        self.cols = cols
        self._accept = accept
        self._report = report

    def __repr__(self) -> str:
        return f"weight {self.name} ({self.rows}, {self.cols})"

    def __matmul__(self, operand: object) -> sp.Expr:
        if not isinstance(operand, sp.Expr):
            return self._report(Mistake(f"{self.name} @ …: the right side is no value of the cell", found=repr(operand)))
        try:
            self._accept(self, operand)
        except Mistake as mistake:
            return self._report(mistake)
        return Product(symbol(self.name), operand)

    def __rmatmul__(self, operand: object) -> sp.Expr:
        remedy = f"a product is written weight first: {self.name} @ ({operand})"
        return self._report(Mistake(f"the weight {self.name} stands right of @", found=f"… @ {self.name}", remedy=remedy))

    def misused(self, found: str, remedy: str) -> sp.Expr:
        """Reports a use other than left of @."""
        message = f"the weight {self.name} is used elementwise"
        return self._report(Mistake(message, found=found, expected=f"{self.name} @ a value of size {self.cols}", remedy=remedy))

    def __neg__(self) -> sp.Expr:
        return self.misused(f"-{self.name}", f"negate the product: -({self.name} @ v)")

    def __call__(self, *_operands: object) -> sp.Expr:
        return self.misused(f"{self.name}(…)", f"a product is written with @: {self.name} @ v")

    def _sympy_(self) -> sp.Expr:
        """Sympy asks for this where a weight is the argument of a function."""
        raise sp.SympifyError(f"the weight {self.name}")

    __add__, __sub__, __mul__, __truediv__, __pow__ = map(_before, ("+", "-", "*", "/", "**"))
    __radd__, __rsub__, __rmul__, __rtruediv__, __rpow__ = map(_after, ("+", "-", "*", "/", "**"))
