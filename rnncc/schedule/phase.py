"""What a schedule is made of.

A team that splits rows needs no barrier between phases, a team that splits units needs one a phase.
"""

from dataclasses import dataclass

from rnncc.ir import Carry, Concat, Contract, Gather, Node, Pointwise, Program, Reduce, Relabel, ScatterAdd, Slice


@dataclass(frozen=True)
class Term:
    """`weight @ operand`, or `weightᵀ @ operand`; the operand varies in time, the weight does not."""

    weight: str
    operand: str
    transposed: bool
    blocks: int = 1
    """How many blocks along the diagonal of the weight hold all of it that is not zero."""


@dataclass(frozen=True)
class Accumulator:
    """A sum of products that shares one register accumulator; `value` names the sum."""

    value: str
    terms: tuple[Term, ...]

    @property
    def operands(self) -> tuple[str, ...]:
        return tuple(t.operand for t in self.terms)

    @property
    def blocks(self) -> tuple[int, ...]:
        """Of each operand, those of its weight."""
        return tuple(t.blocks for t in self.terms)


@dataclass(frozen=True)
class Panel:
    """Accumulators that read the same operands, by weights of as many blocks: one packed weight, one loop over its rows."""

    operands: tuple[str, ...]
    accumulators: tuple[Accumulator, ...]

    @property
    def blocks(self) -> tuple[int, ...]:
        """Of each operand, those of its weights."""
        return self.accumulators[0].blocks


@dataclass(frozen=True)
class Compute:
    """Products whose operands are ready, then the pointwise program of everything that follows at the same units.

    `size` is the unit axis, "" for values that have none (one number a row); for matrices it is that of the columns, and `lines` the
    first. `reductions` are sums and maxima over the units of values of this phase, or of what is ready before it; a phase with products
    has none, since it sees a row in several parts.
    """

    size: str
    panels: tuple[Panel, ...]
    nodes: tuple[Pointwise, ...]
    reductions: tuple[Reduce, ...] = ()
    lines: str = ""

    @property
    def values(self) -> tuple[Pointwise | Reduce, ...]:
        """What is computed beside the products, in order."""
        return (*self.nodes, *self.reductions)


@dataclass(frozen=True)
class Move:
    """A concat, a slice or a relabelling of values that vary in time."""

    node: Concat | Slice | Relabel


Phase = Compute | Move
Total = Contract | Reduce | ScatterAdd
"""A sum over time."""


@dataclass(frozen=True)
class Stage:
    """Work on whole sequences: phases, then the carries that shift what they give, sums of it over time, and what is made of these."""

    phases: tuple[Phase, ...]
    shifts: tuple[Carry, ...] = ()
    totals: tuple[Total, ...] = ()
    values: tuple[Node, ...] = ()
    """Without T."""


@dataclass(frozen=True)
class Schedule:
    """A program of one direction, ordered."""

    program: Program
    reverse: bool
    """The loop runs against time."""
    carries: tuple[Carry, ...]
    """Carries of the loop."""
    prologue: tuple[Node, ...]
    """Values without T, before the loop."""
    gathers: tuple[Gather, ...]
    """Whole sequences of columns of matrices, ahead of everything else that varies in time."""
    stages: tuple[Stage, ...]
    """Ahead of the loop: what carries outside every loop shift, and those carries; sums that the loop waits for."""
    step: tuple[Phase, ...]
    """Phases of one time step."""
    later: tuple[Stage, ...]
    """Behind the loop: sums that later whole sequences read, and what they are sums of."""
    after: tuple[Phase, ...]
    """Phases over whole sequences that no carry waits for."""
    totals: tuple[Total, ...]
    """Sums over time that no whole sequence reads again."""
    epilogue: tuple[Node, ...]
    """Values without T that need `totals` or a carry's final value."""

    @property
    def whole(self) -> tuple[Stage, ...]:
        """All work on whole sequences, in order; the loop runs behind `stages`."""
        return (*self.stages, *self.later, Stage(self.after, (), self.totals, self.epilogue))
