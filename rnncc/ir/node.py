"""Node kinds. A type is an ordered tuple of axes: `T`, `N`, then unit axes by size name.

A value of two unit axes is a matrix, of one number a pair of units. Its second axis, the columns, carries a mark (`"hidden'"`), which
tells it from the first where both have one size.

Single assignment; every operation is pointwise in T unless its type drops T. `place` is where in the spec a value was written
(`file:line`); it never takes part in comparisons.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Literal

import sympy as sp

Axes = tuple[str, ...]
"""`("T", "N", "hidden")`, `("hidden", "input")`, `()`. A concat's axis joins its size names: `"hidden+input"`. Blocks along a diagonal
are `("4", "hidden/4", "input/4")`: how many, and the share of the units that each has."""

COLUMNS = "'"
"""Ends the name of an axis that runs along the columns of a matrix."""

LIVE = "n_live"
"""The `size` input that is no size: how many steps all rows live through together, 1 at least, so that one may divide by it."""

Role = Literal["param", "input", "index", "memory", "exists", "init", "const", "size", "mask", "seed", "residual"]


def units(axes: Axes) -> Axes:
    """The unit axes: everything but T and N."""
    return tuple(a for a in axes if a not in ("T", "N"))


def size_names(axis: str) -> list[str]:
    """The size names an axis is a concat of, without the mark of columns; of `hidden/4` hidden, of `4` none."""
    whole = axis.removesuffix(COLUMNS).partition("/")[0]
    return [] if whole.isdigit() else whole.split("+")


def length_text(axis: str, size: Callable[[str], str]) -> str:
    """The length of `axis` as Python source, from that of each size: `hidden + input`, `hidden // 4`, `4`."""
    whole, _, blocks = axis.removesuffix(COLUMNS).partition("/")
    text = " + ".join(map(size, size_names(axis))) or whole
    return f"({text}) // {blocks}" if blocks and "+" in whole else f"{text} // {blocks}" if blocks else text


def block_axes(blocks: int, axes: Axes) -> Axes:
    """The type of the blocks along the diagonal of a matrix of type `axes`: how many, rows and columns of each; of one the matrix."""
    return (str(blocks), *(f"{axis}/{blocks}" for axis in axes)) if blocks > 1 else axes


def whole_axes(axes: Axes) -> Axes:
    """The type of the matrix that has blocks of type `axes` along its diagonal."""
    return tuple(axis.partition("/")[0] for axis in axes[1:])


def matrix_axes(axes: Axes) -> Axes:
    """Unit axes of a value of these sizes: the second of two runs along the columns."""
    return axes[:1] + tuple(a + COLUMNS for a in axes[1:])


def broadcast(types: Iterable[Axes]) -> Axes:
    """The type that values of `types` broadcast to: every axis of theirs, that of the columns last."""
    found = list(types)
    widest = max((units(t) for t in found), key=len, default=())
    more = dict.fromkeys(a for t in found for a in units(t) if a not in widest)
    own = sorted([*widest, *more], key=lambda a: a.endswith(COLUMNS))
    return (*(a for a in ("T", "N") if any(a in t for t in found)), *own)


def _place() -> str:
    return field(default="", compare=False, kw_only=True)


@dataclass(frozen=True)
class Input:
    """A value from outside. `size` inputs are called `n_<size name>`, or `LIVE`, and have type (); a `mask` is random and has no
    derivative.

    A `memory`, of type (N, positions, size), is the same at every step; which positions a sample has says `exists` (N, positions),
    1 or 0, which has no derivative.
    """

    name: str
    type: Axes
    role: Role
    place: str = _place()


@dataclass(frozen=True)
class Pointwise:
    """A sympy expression over its operands' names; operands broadcast by axis name."""

    name: str
    type: Axes
    expr: sp.Expr
    place: str = _place()

    @cached_property
    def operands(self) -> tuple[str, ...]:
        return tuple(sorted(s.name for s in self.expr.free_symbols))


@dataclass(frozen=True)
class Contract:
    """A product with sums, einsum notation `"ij,TNj->TNi"`: T and N stand for themselves, unit axes are lower-case letters.

    Axes of one letter have one size; a mark of columns tells them apart nowhere.
    """

    name: str
    type: Axes
    a: str
    b: str
    index: str
    place: str = _place()

    @property
    def operands(self) -> tuple[str, ...]:
        return (self.a, self.b)


@dataclass(frozen=True)
class Reduce:
    """Sum or maximum over the axes of `a` that are missing from the type."""

    name: str
    type: Axes
    a: str
    op: Literal["sum", "max"]
    place: str = _place()

    @property
    def operands(self) -> tuple[str, ...]:
        return (self.a,)


@dataclass(frozen=True)
class Concat:
    """Joins its parts along the last axis."""

    name: str
    type: Axes
    parts: tuple[str, ...]
    place: str = _place()

    @property
    def operands(self) -> tuple[str, ...]:
        return self.parts


@dataclass(frozen=True)
class Slice:
    """Part number `part` of the last axis of `a`, whose size is a sum of size names."""

    name: str
    type: Axes
    a: str
    part: int
    place: str = _place()

    @property
    def operands(self) -> tuple[str, ...]:
        return (self.a,)


@dataclass(frozen=True)
class Transpose:
    """The matrix `a`, a value of two axes that does not vary in time, with its axes exchanged."""

    name: str
    type: Axes
    a: str
    place: str = _place()

    @property
    def operands(self) -> tuple[str, ...]:
        return (self.a,)


@dataclass(frozen=True)
class BlockDiagonal:
    """The matrix with the blocks `a` along its diagonal and zeros elsewhere; neither varies in time.

    `a` has the type `block_axes` of the matrix: `4 hidden/4 input/4`.
    """

    name: str
    type: Axes
    a: str
    place: str = _place()
    word: ClassVar[str] = "block_diag"

    @property
    def operands(self) -> tuple[str, ...]:
        return (self.a,)


@dataclass(frozen=True)
class DiagonalBlocks:
    """Transpose of `BlockDiagonal`: the blocks along the diagonal of the matrix `a`."""

    name: str
    type: Axes
    a: str
    place: str = _place()
    word: ClassVar[str] = "diag_blocks"

    @property
    def operands(self) -> tuple[str, ...]:
        return (self.a,)


@dataclass(frozen=True)
class Relabel:
    """`a` with another mark on its one unit axis: a vector laid along the columns of a matrix, or along its rows again."""

    name: str
    type: Axes
    a: str
    place: str = _place()

    @property
    def word(self) -> str:
        """What a spec writes for it."""
        return "cols" if self.type[-1].endswith(COLUMNS) else "rows"

    @property
    def operands(self) -> tuple[str, ...]:
        return (self.a,)


@dataclass(frozen=True)
class Iota:
    """The number of each unit along axis number `axis`, counted from 0; the same along the other axes."""

    name: str
    type: Axes
    axis: int = 0
    place: str = _place()

    @property
    def operands(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class Gather:
    """Columns of the matrix `a` picked by the integer stream `index`."""

    name: str
    type: Axes
    a: str
    index: str
    place: str = _place()

    @property
    def operands(self) -> tuple[str, ...]:
        return (self.a, self.index)


@dataclass(frozen=True)
class ScatterAdd:
    """Transpose of `Gather`: adds the stream `a` into the columns of a matrix named by `index`."""

    name: str
    type: Axes
    a: str
    index: str
    place: str = _place()

    @property
    def operands(self) -> tuple[str, ...]:
        return (self.a, self.index)


Node = (
    Pointwise | Contract | Reduce | Concat | Slice | Transpose | BlockDiagonal | DiagonalBlocks | Relabel | Iota | Gather | ScatterAdd
)


@dataclass(frozen=True)
class Carry:
    """The time shift: `prev[t] = next[t - 1]` (`t + 1` if `reverse`), `prev[first] = init`, `final = next[last]`; dead steps hold.

    `type` is that of `prev` and `next` and has T; `init` and `final` have it without T. Outside a cycle a carry is a shift.
    """

    prev: str
    init: str
    next: str
    final: str
    type: Axes
    reverse: bool = False
