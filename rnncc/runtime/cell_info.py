"""What a layer knows of its cell: names, axes, defaults. No sympy: generated modules state it as a literal."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Axes = tuple[str, ...]
Per = Literal["step", "sequence", "call"]
Domain = Literal["probability", "rate", "share", "bound"]
"""What a constant stays within: 0 to 1; below 1, since something is divided by what it leaves of 1; above 0, since something is divided
by it; numbers above 0."""


@dataclass(frozen=True)
class Parameter:
    """A learned array of one layer and direction."""

    name: str
    axes: Axes
    init: str | float | None = None
    """None: U(±1/√hidden); a float: that value; else a name of `runtime.initial.INITIALISERS`."""
    frozen: bool = False
    """No gradient."""
    bias: bool = False
    """Declared by `cell.bias`: absent, and zero, in a layer made with `bias=False`."""

    @property
    def blocks(self) -> int:
        """How many blocks along the diagonal of a matrix it holds; 1 for what is no such blocks."""
        return int(self.axes[0]) if self.axes and self.axes[0].isdigit() else 1


@dataclass(frozen=True)
class State:
    """A value carried from step to step. Its first value is the kernel argument `<name>_0`, its last the result `<name>_T`."""

    name: str
    axes: Axes
    initial: float = 0.0
    learned: str | None = None
    """The parameter that it begins with, in place of `initial`."""
    counts: bool = False
    """It is the number of the step: no gradient."""


@dataclass(frozen=True)
class RandomMask:
    """An array that is 1 with probability `rate`, else 0, in training; its expectation, `rate`, where nothing is random."""

    name: str
    axes: Axes
    rate: float | str
    """A number, or the constant that holds it."""
    per: Per = "step"
    """How often it is drawn: anew for every step (T, N, *axes), once a sequence (N, *axes), or once a call (*axes)."""


@dataclass(frozen=True)
class Memory:
    """What a cell attends to: rows (N, S, size), the same at every step, S as many as a caller gives.

    Kernels take it as `name`, and as `exists` (N, S), 1 where a sample has that position, 0 beyond; of the gradient no position beyond
    has any.
    """

    name: str
    size: str
    positions: str
    """The axis S."""
    exists: str


TRAINING = "training"
"""What kernels that train a cell with batch means are given besides: 1 where these are of the batch, 0 where they are parameters."""


@dataclass(frozen=True)
class BatchMean:
    """A frozen parameter that in training the mean of a value, over all steps and rows of the batch, stands in for."""

    name: str
    total: str
    """The sum over steps and rows that it is made of."""

    @property
    def key(self) -> str:
        """Under what `forward` returns the mean of the batch: no name of a cell has spaces."""
        return f"{self.name} of the batch"


@dataclass(frozen=True)
class CellInfo:
    """A cell as the runtime sees it.

    Axes are size names: `"input"`, `"hidden"`, or one of `sizes`; of blocks along a diagonal `("4", "hidden/4", "input/4")`. The
    first of `inputs` is the layer's own. `output` are the axes of `cell.output`. `cotangent` is the prefix of gradients: the backward
    kernel takes `<prefix>output` and `<prefix><state>_T`, and gives `<prefix><input>`, `<prefix><state>_0`, `<prefix><parameter>`.
    """

    name: str
    doc: str
    inputs: tuple[tuple[str, Axes], ...]
    states: tuple[State, ...]
    parameters: tuple[Parameter, ...]
    output: Axes
    sizes: Mapping[str, int | None] = field(default_factory=dict)
    """Further sizes by name, with their default; None where the layer must be given one."""
    constants: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    """The options the cell was compiled with."""
    named: tuple[str, ...] = ()
    """Values of the spec that `trace` can show."""
    cotangent: str = "d_"
    masks: tuple[RandomMask, ...] = ()
    indices: Mapping[str, str] = field(default_factory=dict)
    """Of `inputs`, those of whole numbers, one a step: each with the size below whose number of units they stay. No gradient."""
    memories: tuple[Memory, ...] = ()
    loops: tuple[str, ...] = ()
    """What was found of each recurrence, and how it is run, in words."""
    domains: Mapping[str, Domain] = field(default_factory=dict)
    """Constants that do not take every number, each with what it takes."""
    runs_back: bool = False
    """The backward kernel computes previous states from next ones, from the last of a segment back: none are kept over time."""
    computes: bool = False
    """Training computes something in NumPy beside its kernels: weights made of parameters, sums of gradients."""
    batch_means: tuple[BatchMean, ...] = ()

    def flags(self, *, training: bool) -> dict[str, float]:
        """What the kernels of a call are given besides arrays and constants."""
        return {TRAINING: float(training)} if self.batch_means else {}

    @property
    def unit_multiple(self) -> int:
        """What sizes of a layer may be multiples of, so that all blocks along diagonals divide them."""
        return math.lcm(*(p.blocks for p in self.parameters))

    @property
    def differentiable(self) -> tuple[State, ...]:
        """States that have a gradient."""
        return tuple(s for s in self.states if not s.counts)

    @property
    def differentiable_inputs(self) -> tuple[str, ...]:
        """Inputs that have a gradient."""
        return tuple(name for name, _ in self.inputs if name not in self.indices)
