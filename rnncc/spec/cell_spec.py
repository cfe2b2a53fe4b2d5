"""What a spec says, checked: the result of the spec stage and the input of lowering."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import sympy as sp

from rnncc.ir import Axes
from rnncc.runtime.cell_info import Memory, Parameter, RandomMask, State

Given = (
    Literal["input", "index", "memory", "exists", "state", "parameter", "batch_mean", "constant", "mask"]
    | Literal["count", "unit", "row", "column"]
)
Kind = (
    Given
    | Literal["expression", "product", "gather", "transpose", "diagonal", "concat", "mean", "sum", "max", "relabel"]
    | Literal["batch_sum"]
)


@dataclass(frozen=True)
class Definition:
    """One value of a cell.

    `axes` is its IR type: `T N` first where it varies over the sequence, then its units. An `expression` has `expr`, sympy over the
    names of other definitions, elementwise; of a `mask` it is the rate. A `product` has `args` (weight, operand), a `gather` (weight,
    index), a `concat` its parts, a reduction, a `transpose`, a `relabel` and a `diagonal`, the matrix with its blocks along the
    diagonal, their operand. A `count` is the number of units of a size; `unit`, `row` and `column` number units, rows and columns
    from 0. What `exists` of a memory is 1 at its positions, 0 beyond. A `batch_sum` adds its operand up over steps and rows, and a
    `batch_mean` has that sum as its `args`: it stands for it in training, and is a parameter else.
    """

    name: str
    kind: Kind
    axes: Axes
    args: tuple[str, ...] = ()
    expr: sp.Expr = None
    named: bool = False
    """Assigned at the top level of the spec; others are helpers with derived names."""
    place: str = field(default="", compare=False)
    """`file:line`."""

    @property
    def operands(self) -> tuple[str, ...]:
        """The values it is computed from."""
        return self.args if self.expr is None else tuple(sorted(s.name for s in self.expr.free_symbols))


@dataclass(frozen=True)
class Option:
    """A Python value that the file was executed under; `choices` is empty where any value of the default's type will do, numbers of at
    least `least` where there is one."""

    name: str
    value: object
    default: object
    choices: tuple[object, ...] = ()
    least: int | None = None


@dataclass(frozen=True)
class CellSpec:
    """A checked cell."""

    name: str
    doc: str
    filename: str
    source: str
    """The text of the spec file; empty for a cell made in other code."""
    definitions: tuple[Definition, ...]
    """In the order of the spec; operands come first."""
    next: Mapping[str, str]
    """State -> the value it has at the following step."""
    output: str
    states: tuple[State, ...]
    parameters: tuple[Parameter, ...]
    sizes: Mapping[str, int | None]
    constants: Mapping[str, float]
    options: Mapping[str, Option]
    masks: tuple[RandomMask, ...] = ()
    indices: Mapping[str, str] = field(default_factory=dict)
    """Index -> the size that it counts in."""
    memories: tuple[Memory, ...] = ()

    @cached_property
    def definition(self) -> dict[str, Definition]:
        """Definitions by name."""
        return {d.name: d for d in self.definitions}

    @cached_property
    def named(self) -> tuple[str, ...]:
        """Values that the spec gives a name."""
        return tuple(d.name for d in self.definitions if d.named)

    def of_kind(self, *kinds: Kind) -> tuple[Definition, ...]:
        """Definitions of these kinds, in order."""
        return tuple(d for d in self.definitions if d.kind in kinds)
