"""What a schedule is made of.

A team that splits rows needs no barrier between phases, a team that splits units needs one a phase.
"""

from dataclasses import dataclass

from rnncc.ir import Carry, Concat, Contract, Node, Pointwise, Program, Reduce, Slice


@dataclass(frozen=True)
class Term:
    """`weight @ operand`, or `weightᵀ @ operand`; the operand varies in time, the weight does not."""

    weight: str
    operand: str
    transposed: bool


@dataclass(frozen=True)
class Accumulator:
    """A sum of products that shares one register accumulator; `value` names the sum."""

    value: str
    terms: tuple[Term, ...]

    @property
    def operands(self) -> tuple[str, ...]:
        return tuple(t.operand for t in self.terms)


@dataclass(frozen=True)
class Panel:
    """Accumulators that read the same operands: one packed weight, one loop over its rows."""

    operands: tuple[str, ...]
    accumulators: tuple[Accumulator, ...]


@dataclass(frozen=True)
class Compute:
    """Products whose operands are ready, then the pointwise program of everything that follows at the same units.

    `size` is the unit axis, "" for values that have none (one number a row).
    """

    size: str
    panels: tuple[Panel, ...]
    nodes: tuple[Pointwise, ...]


@dataclass(frozen=True)
class Reduction:
    """A sum or maximum over the units of each row."""

    node: Reduce


@dataclass(frozen=True)
class Move:
    """A concat or a slice of values that vary in time."""

    node: Concat | Slice


Phase = Compute | Reduction | Move


@dataclass(frozen=True)
class Schedule:
    """A program of one direction, ordered."""

    program: Program
    reverse: bool
    """The loop runs against time."""
    shifts: tuple[Carry, ...]
    """Carries outside every loop, over whole sequences that exist before the loop."""
    carries: tuple[Carry, ...]
    """Carries of the loop."""
    prologue: tuple[Node, ...]
    """Values without T, before the loop."""
    before: tuple[Phase, ...]
    """Phases over whole sequences, needed by `shifts`."""
    step: tuple[Phase, ...]
    """Phases of one time step."""
    after: tuple[Phase, ...]
    """Phases over whole sequences that no carry waits for."""
    totals: tuple[Contract | Reduce, ...]
    """Sums over time."""
    epilogue: tuple[Node, ...]
    """Values without T that need `totals` or a carry's final value."""
