"""Nodes as Python over arrays: what the renderers for NumPy, PyTorch and JAX share.

The same text serves a whole sequence, arrays (T, N, *units), and one step, arrays (N, *units): axes are counted from the last one,
and `...` stands for T.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sympy as sp
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pycode import PythonCodePrinter

from rnncc.emit.equations import form
from rnncc.errors import InternalError
from rnncc.functions import VOCABULARY, Elementwise
from rnncc.ir import (
    Axes,
    BlockDiagonal,
    Concat,
    Contract,
    DiagonalBlocks,
    Gather,
    Iota,
    Node,
    Pointwise,
    Reduce,
    Relabel,
    ScatterAdd,
    Slice,
    Transpose,
    length_text,
    size_names,
)


@dataclass(frozen=True)
class Text:
    """Source of a value, and how tightly it binds (sympy's `PRECEDENCE`)."""

    text: str
    precedence: int = PRECEDENCE["Atom"]

    @property
    def closed(self) -> str:
        """The text, in parentheses unless it stands for itself."""
        return self.text if self.precedence >= PRECEDENCE["Atom"] else f"({self.text})"


@dataclass(frozen=True)
class Library:
    """How an array library spells what a cell computes.

    Parameters
    ----------
    module
        Where `einsum`, `where`, `concatenate` and `broadcast_to` are.
    functions
        Name in the vocabulary -> its spelling; `sum` and `max` over axes.
    number
        How a number is written where an array is needed, from `like`, an array of the wanted dtype, and `value`.
    scalar
        The same where no such array is at hand.
    typed
        How a number is written where no array beside it settles the dtype; "" as `number`.
    plain
        Functions that take numbers after their first argument.
    scatter
        The function that adds a stream into the columns of a matrix, which only gradients do.
    block_diagonal
        The matrix that has `blocks` along its diagonal.
    diagonal_blocks
        The `number` blocks along the diagonal of `whole`, which only gradients ask for.
    iota
        The numbers from 0 below `length`, in the dtype of the array `like`.
    """

    module: str
    functions: Mapping[str, str]
    number: str = "{value}"
    scalar: str = "{value}"
    typed: str = ""
    plain: tuple[str, ...] = ()
    scatter: str = ""
    block_diagonal: str = ""
    diagonal_blocks: str = ""
    iota: str = "{module}.arange({length}, dtype={like}.dtype)"


@dataclass(frozen=True)
class ArrayCode:
    """Right-hand sides of nodes.

    Parameters
    ----------
    library
        The spelling.
    types
        Every value's type.
    read, size, shape, like
        How a value, the length of an axis, the shape of an array of a type, and an array that has an axis are written.
    numbers
        Values that are Python numbers, not arrays.
    """

    library: Library
    types: Mapping[str, Axes]
    read: Callable[[str], Text]
    size: Callable[[str], str]
    shape: Callable[[Axes], str]
    like: Callable[[str], str]
    numbers: frozenset[str] = frozenset()

    def right(self, node: Node) -> Text:
        """What defines `node`."""
        module = self.library.module
        match node:
            case Pointwise():
                return self._pointwise(node)
            case Contract():
                return self._contract(node)
            case Reduce():
                axes = self.types[node.a]
                over = ", ".join(str(k - len(axes)) for k, axis in enumerate(axes) if axis not in node.type)
                return Text(f"{self.library.functions[node.op]}({self.read(node.a).text}, axis=({over},))")
            case Concat():
                return Text(f"{module}.concatenate([{', '.join(self.read(p).text for p in node.parts)}], axis=-1)")
            case Iota():
                return self._iota(node)
            case Relabel():
                return self.read(node.a)
            case Slice() | Transpose() | BlockDiagonal() | DiagonalBlocks() | Gather() | ScatterAdd():
                return self._part(node)
            case _:
                raise InternalError(f"no array source for a {type(node).__name__}")

    def _part(self, node: Slice | Transpose | BlockDiagonal | DiagonalBlocks | Gather | ScatterAdd) -> Text:
        whole = self.read(node.a).closed
        match node:
            case Slice():
                lengths = [self.size(s) for s in size_names(self.types[node.a][-1])]
                start, end = (" + ".join(lengths[:k]) for k in (node.part, node.part + 1))
                return Text(f"{whole}[..., {start}:{end}]")
            case Transpose():
                return Text(f"{whole}.T")
            case BlockDiagonal():
                return Text(self.library.block_diagonal.format(blocks=whole))
            case DiagonalBlocks():
                return Text(self.library.diagonal_blocks.format(whole=whole, number=node.type[0]))
            case Gather():
                return Text(f"{whole}.T[{self.read(node.index).text}]")
            case ScatterAdd():
                count = length_text(node.type[1], self.size)
                return Text(f"{self.library.scatter}({whole}, {self.read(node.index).text}, {count})")

    def _iota(self, node: Iota) -> Text:
        axis = node.type[node.axis]
        counted = self.library.iota.format(module=self.library.module, length=length_text(axis, self.size), like=self.like(axis))
        if len(node.type) == 1:
            return Text(counted)
        along = ", ".join(":" if k == node.axis else "None" for k in range(len(node.type)))
        return Text(f"{self.library.module}.broadcast_to({counted}[{along}], {self.shape(node.type)})")

    def _pointwise(self, node: Pointwise) -> Text:
        operands = {o: self._spread(o, node.type) for o in node.operands}
        text = _Expression(self.library, operands, self.numbers).doprint(node.expr)
        if not set(node.type) <= {a for o in node.operands for a in self.types[o]}:
            return Text(f"{self.library.module}.broadcast_to({text}, {self.shape(node.type)})")
        return Text(text, PRECEDENCE["Atom"] if isinstance(node.expr, Elementwise) else PRECEDENCE["Add"])

    def _spread(self, name: str, onto: Axes) -> Text:
        """The value with an axis of length 1 for each of the last axes of `onto` that it lacks."""
        axes, found = self.types[name], self.read(name)
        here = [a if a in axes else None for a in onto]
        last = here[here.index(axes[0]) :] if axes else []
        if None not in last:
            return found
        return Text(f"{found.closed}[..., {', '.join('None' if a is None else ':' for a in last[last.index(None) :])}]")

    def _contract(self, node: Contract) -> Text:
        operands = [node.a, node.b]
        matrix = product_of(node, self.types)
        if matrix is None:
            index = node.index.replace("T", "...") if "T" in node.type else node.index
            return Text(f'{self.library.module}.einsum("{index}", {", ".join(self.read(o).text for o in operands)})')
        weights, operand, turned = matrix
        right = self.read(weights).closed + (".T" if turned else "")
        return Text(f"{self.read(operand).closed} @ {right}", PRECEDENCE["Mul"])


def product_of(node: Contract, types: Mapping[str, Axes]) -> tuple[str, str, bool] | None:
    """(M, v, whether M is transposed) where `node` is v @ Mᵀ or v @ M with the same M for all rows and steps; else None."""
    found = form(node.index)
    weights, operand = (node.operands[k] for k in found.order)
    if found.kind not in ("matrix", "transposed") or found.sums or {"T", "N"} & set(types[weights]):
        return None
    return weights, operand, found.kind == "matrix"


class _Expression(PythonCodePrinter):
    def __init__(self, library: Library, operands: Mapping[str, Text], numbers: frozenset[str]) -> None:
        super().__init__()
        self.library, self.operands, self.numbers = library, operands, numbers

    def parenthesize(self, item: sp.Basic, level: int, strict: bool = False) -> str:
        """As sympy's, which takes every symbol for an atom."""
        if not isinstance(item, sp.Symbol):
            return super().parenthesize(item, level, strict)
        found = self.operands[item.name]
        return found.text if found.precedence > level or (strict and found.precedence == level) else f"({found.text})"

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return self.operands[expr.name].text

    def _print_Float(self, expr: sp.Float) -> str:
        return repr(float(expr))

    def _print_NumberSymbol(self, expr: sp.NumberSymbol) -> str:
        return repr(float(expr))

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        if expr.exp == -1:
            return f"1/{self.parenthesize(expr.base, PRECEDENCE['Pow'])}"
        return f"{self.parenthesize(expr.base, PRECEDENCE['Pow'])}**{self.parenthesize(expr.exp, PRECEDENCE['Pow'])}"

    def _print_And(self, expr: sp.And) -> str:
        return " & ".join(self._condition(a) for a in expr.args)

    def _print_Or(self, expr: sp.Or) -> str:
        return " | ".join(self._condition(a) for a in expr.args)

    def _print_Not(self, expr: sp.Not) -> str:
        return f"~{self._condition(expr.args[0])}"

    def _condition(self, condition: sp.Basic) -> str:
        text = self._print(condition)  # a comparison comes in parentheses of its own
        return text if isinstance(condition, sp.core.relational.Relational) else f"({text})"

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        """The first branch whose condition holds; NaN where none does."""
        text = self._array(sp.nan, expr)
        numbers = not any(self._is_array(value) for value, _ in expr.args)
        for value, condition in reversed(expr.args):
            chosen = self._array(value, expr, self.library.typed if numbers else "")
            text = chosen if condition == sp.true else f"{self.library.module}.where({self._print(condition)}, {chosen}, {text})"
        return text

    def _print_NaN(self, _expr: sp.Expr) -> str:
        return 'float("nan")'

    def elementwise(self, expr: Elementwise) -> str:
        """One application of the vocabulary."""
        name, (first, *rest) = type(expr).__name__, expr.args
        plain = name in self.library.plain and not any(self._is_array(a) for a in rest)
        others = [self._print(a) if plain else self._array(a, expr) for a in rest]
        return f"{self.library.functions[name]}({', '.join([self._array(first, expr), *others])})"

    def _is_array(self, argument: sp.Expr) -> bool:
        return any(s.name not in self.numbers for s in argument.free_symbols)

    def _array(self, argument: sp.Expr, whole: sp.Expr, typed: str = "") -> str:
        """`argument` of a function; where it is a number it takes the dtype of an array in `whole`, written as `typed` says."""
        text = self._print(argument)
        if self._is_array(argument):
            return text
        like = [self.operands[s.name] for s in sorted(whole.free_symbols, key=str) if s.name not in self.numbers]
        form_of = (typed or self.library.number) if like else self.library.scalar
        return form_of.format(like=like[0].closed if like else "", value=text)


for _name in VOCABULARY:  # sympy finds a printer by the very class, before its bases
    setattr(_Expression, f"_print_{_name}", _Expression.elementwise)
