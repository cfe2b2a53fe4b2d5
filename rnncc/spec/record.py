"""What a cell has been told so far, in the order it was told."""

from dataclasses import dataclass, field

import sympy as sp

from rnncc.ir import Axes
from rnncc.runtime.cell_info import Memory, Parameter, RandomMask, State
from rnncc.spec.cell_spec import Given, Option
from rnncc.spec.fault import Fault, Mistake, Span
from rnncc.spec.names import fresh, objection

COUNTS: tuple[Given, ...] = ("count", "unit", "row", "column")
"""What sizes bring along: the number of units, the number of each unit, of each row and each column of a matrix."""
_STEADY: tuple[Given, ...] = ("parameter", "constant", *COUNTS)
"""Values that are the same for every sample and step."""


@dataclass(frozen=True)
class Size:
    """A number of units that a layer is given: `input`, `hidden`, or one of the cell's own."""

    name: str
    default: int | None = None


@dataclass(frozen=True)
class Index:
    """A whole number from 0 up to the units of `size`, read at every step: the place of the 1 in a vector that is 0 elsewhere.

    A weight of as many columns is multiplied with it as with that vector; nothing else reads it.
    """

    name: str
    size: str

    def __str__(self) -> str:
        return self.name

    def _sympy_(self) -> sp.Expr:
        """Sympy asks for this where an index is part of an expression."""
        raise sp.SympifyError(f"the index {self}")


@dataclass(frozen=True)
class Declared:
    """What is not computed, with its unit axes."""

    name: str
    kind: Given
    units: Axes
    span: Span


@dataclass(frozen=True)
class Bound:
    """An expression that the spec has given a name."""

    name: str
    expr: sp.Expr
    units: Axes
    span: Span


@dataclass
class Record:
    """Everything a `Cell` collects; freezing reads it."""

    entries: dict[str, Declared | Bound] = field(default_factory=dict)
    sizes: dict[str, tuple[Size, Span]] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    masks: dict[str, RandomMask] = field(default_factory=dict)
    indices: dict[str, str] = field(default_factory=dict)
    """Index -> the size that it counts in."""
    memories: dict[str, Memory] = field(default_factory=dict)
    batch_means: dict[str, sp.Expr] = field(default_factory=dict)
    """Name -> what it is the mean of."""
    options: dict[str, Option] = field(default_factory=dict)
    next: dict[str, tuple[sp.Expr, Span]] = field(default_factory=dict)
    output: tuple[sp.Expr, Span] | None = None
    faults: list[Fault] = field(default_factory=list)
    excused: set[str] = field(default_factory=set)
    """Methods that a failed statement was to call: what they would have said is not missing."""

    @property
    def units(self) -> dict[str, Axes]:
        """Unit axes of every value so far."""
        return {name: entry.units for name, entry in self.entries.items()}

    @property
    def positions(self) -> dict[str, str]:
        """The axis of each memory's positions -> which of them exist."""
        return {m.positions: m.exists for m in self.memories.values()}

    def varies(self, expr: sp.Expr) -> bool:
        """Whether `expr` has an operand that varies from sample to sample, or in time."""
        return not self.kinds(expr) <= {*_STEADY}

    def varies_in_time(self, expr: sp.Expr) -> bool:
        """Whether `expr` has an operand that is not the same at every step."""
        return not self.kinds(expr) <= {*_STEADY, "memory", "exists"}

    def kinds(self, expr: sp.Expr) -> set[Given]:
        """Kinds of all that `expr` is made of."""
        found, todo = set[str](), {s.name for s in expr.free_symbols}
        while todo:
            found |= todo
            bound = [self.entries[name] for name in todo if name in self.entries]
            todo = {s.name for b in bound if isinstance(b, Bound) for s in b.expr.free_symbols} - found
        return {e.kind for name in found if isinstance(e := self.entries.get(name), Declared)}

    def expect_fresh(self, name: str, *, keyword: bool = False) -> None:
        """Raise `Mistake` where `name` names something already, or cannot name a value; with `keyword` one that layers are given."""
        if reason := objection(name, keyword_of_layer=keyword):
            raise Mistake(f"the name {name!r} {reason}", remedy="names appear in kernels, and as keywords, as they are: choose another")
        earlier = self.place_of(name)
        if earlier or name in self.options:
            where = f"first on line {earlier.line}" if earlier else "first as an option"
            remedy = "give each value its own name, or keep the first in a variable"
            raise Mistake(f"the name {name} is declared twice", found=where, remedy=remedy)

    def attend(self, memory: Memory) -> None:
        """Note `memory`; raises `Mistake` where the name of its positions is taken."""
        self.expect_fresh(memory.positions)
        self.memories[memory.name] = memory

    def noted(self, name: str, kind: Given, units: Axes, span: Span) -> str:
        """The name of what a size brings along, noted where it is asked for the first time."""
        known = (e.name for e in self.entries.values() if isinstance(e, Declared) and (e.kind, e.units) == (kind, units))
        if found := next((k for k in known if kind != "count" or k == name), None):
            return found
        unique = fresh(name, [*self.entries, *self.sizes])
        self.entries[unique] = Declared(unique, kind, units, span)
        return unique

    def place_of(self, name: str) -> Span | None:
        """Where `name` was given to a value or a size."""
        if name in self.entries:
            return self.entries[name].span
        owner = next((m.name for m in self.memories.values() if m.positions == name), None)
        if owner is not None:
            return self.entries[owner].span
        return self.sizes[name][1] if name in self.sizes else None
