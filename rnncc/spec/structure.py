"""What a spec writes beside elementwise functions: products, concats, reductions, each an opaque application in its expression.

They are sympy functions without `eval`, so a spec needs no cell at hand to write `mean(z)`; freezing the cell turns each into a
definition of its own.
"""

from typing import Literal

import sympy as sp
from sympy.core.symbol import Str
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from rnncc.functions.vocabulary import clamp


class Structure(sp.Function):
    """Base: real, never evaluated, printed as a spec writes it."""

    is_real = True
    is_commutative = True
    word = ""

    @classmethod
    def eval(cls, *_args: sp.Expr) -> None:
        """Never rewrite."""

    @classmethod
    def _should_evalf(cls, _arg: sp.Expr) -> int:
        return -1

    def _sympystr(self, printer: StrPrinter) -> str:
        return f"{self.word}({', '.join(printer._print(a) for a in self.args)})"


class Transposed(Structure):
    """`W.T`: one entry of the transposed matrix."""

    nargs = 1

    def _sympystr(self, printer: StrPrinter) -> str:
        return f"{printer.parenthesize(self.args[0], PRECEDENCE['Pow'])}.T"


class Diagonal(Structure):
    """A weight that is given by the blocks along its diagonal: one entry of the matrix, from the parameter that holds them."""

    nargs = 1

    def _sympystr(self, printer: StrPrinter) -> str:
        return str(printer._print(self.args[0]))


class Product(Structure):
    """`W @ v`: arguments are one entry of the weight, and the operand."""

    nargs = 2
    precedence = PRECEDENCE["Add"]

    def _sympystr(self, printer: StrPrinter) -> str:
        weight, operand = self.args
        return f"{printer.parenthesize(weight, PRECEDENCE['Pow'])} @ {printer.parenthesize(operand, PRECEDENCE['Pow'])}"


class Join(Structure):
    """`concat(h, x, …)`."""

    word = "concat"


class HardSigmoid(Structure):
    """`hard_sigmoid(a)`; its argument becomes a value, so that 0.2 is not multiplied into a sum."""

    nargs = 1
    word = "hard_sigmoid"

    @staticmethod
    def expansion(a: sp.Expr) -> sp.Expr:
        return clamp(sp.Float(0.2) * a + sp.Float(0.5), 0, 1)


class OverUnits(Structure):
    """Over the units of a value; a second argument says over which axis of a matrix."""

    nargs = (1, 2)

    @property
    def over(self) -> str:
        """`rows`, `cols`, whatever else the spec says, or "" where it says nothing."""
        return str(self.args[1]) if len(self.args) > 1 else ""

    def _sympystr(self, printer: StrPrinter) -> str:
        over = f', over="{self.over}"' if self.over else ""
        return f"{self.word}({printer._print(self.args[0])}{over})"


class Reduction(OverUnits):
    """What leaves one number of an axis."""

    word: Literal["mean", "sum", "max"]


class Laid(Structure):
    """A vector along the columns of a matrix, or along its rows again."""

    nargs = 1
    word: Literal["cols", "rows"]


class AlongColumns(Laid):
    """`cols(v)`: v_j in every row."""

    word = "cols"


class AlongRows(Laid):
    """`rows(v)`: an ordinary vector again."""

    word = "rows"


class Mean(Reduction):
    """`mean(a)`."""

    word = "mean"


class Sum(Reduction):
    """`sum(a)`."""

    word = "sum"


class Largest(Reduction):
    """`max(a)`."""

    word = "max"


class Softmax(OverUnits):
    """`softmax(a)`: of the units of `a` again."""

    word = "softmax"


class Poison(sp.Symbol):
    """Stands for a value whose definition failed; whatever it touches raises no further fault."""

    def __matmul__(self, _other: object) -> "Poison":
        return self

    def __rmatmul__(self, _other: object) -> "Poison":
        return self


POISON = Poison("?", real=True)


def concat(*parts: sp.Expr) -> sp.Expr:
    """Joins values over their units, so that `W @ concat(h, x)` reads as in the textbooks."""
    return Join(*parts)


def hard_sigmoid(a: sp.Expr) -> sp.Expr:
    """clamp(0.2 a + 0.5, 0, 1): the convention of Keras 2 and of ONNX's defaults."""
    return HardSigmoid(a)


def cols(v: sp.Expr) -> sp.Expr:
    """The vector `v` laid along the columns: met by a vector, or by a matrix, it is v_j in every row."""
    return AlongColumns(v)


def rows(v: sp.Expr) -> sp.Expr:
    """What is laid along the columns as an ordinary vector again."""
    return AlongRows(v)


def outer(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """The matrix a_i b_j."""
    return a * AlongColumns(b)


def mean(a: sp.Expr, over: str = "") -> sp.Expr:
    """The mean over the units, a scalar a sample and step; of a matrix over its `"rows"` or `"cols"`."""
    return Mean(a, *_axis(over))


def total(a: sp.Expr, over: str = "") -> sp.Expr:
    """The sum over the units; `sum` in a spec. Of a matrix over its `"rows"`, or its `"cols"`: Σ_j a_ij."""
    return Sum(a, *_axis(over))


def largest(a: sp.Expr, over: str = "") -> sp.Expr:
    """The maximum over the units; `max` in a spec. Of a matrix over its `"rows"` or `"cols"`."""
    return Largest(a, *_axis(over))


def softmax(a: sp.Expr, over: str = "") -> sp.Expr:
    """exp(a) over the sum of exp(a), shifted by the maximum so that nothing overflows."""
    return Softmax(a, *_axis(over))


def _axis(over: str) -> tuple[Str, ...]:
    return (Str(str(over)),) if over else ()


def Piecewise(*pairs: tuple[sp.Expr, object]) -> sp.Expr:  # noqa: N802 (as sympy writes it)
    """(value, condition) pairs, the first true condition counts; the last condition is True. Kept as written."""
    return sp.Piecewise(*pairs, evaluate=False)


def label(expr: sp.Expr) -> str:
    """A short name for `expr` made from the names in it (`tanh_c_new`, `h_r`); empty where there is no short one."""
    if expr.is_Symbol:
        return str(expr.name)
    args = [a.args[0] if isinstance(a, Diagonal) else a for a in expr.args]
    names = [a.name for a in args if a.is_Symbol]
    if len(names) != len(expr.args) or not 1 <= len(names) <= 2:
        return ""
    match expr:
        case sp.Mul():
            return "_".join(sorted(names))
        case Transposed():
            return f"{names[0]}_T"
        case Diagonal():
            return names[0]
        case Join():
            return "_".join(names)
        case sp.Function():
            return "_".join([type(expr).__name__, *names])
        case _:
            return ""
