"""What is measured: cells, contenders, and the sizes that grow."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from rnncc.bench.contender import Disagreement, Maker
from rnncc.bench.growth.point import Point
from rnncc.bench.problem import BenchCell, Mode, Shape
from rnncc.bench.timing import Plan, Stopwatch

Found = Point | Disagreement
"""What a step finds: figures, and contenders that have none since they are wrong."""
Step = tuple[str, Callable[[], Iterable[Found]]]
"""What a progress bar calls it, and how its points are measured."""

_BASE = Shape(100, 32, 128, 128)
_LONG = Shape(1, 8, 64, 64)


@dataclass(frozen=True)
class Sizes:
    """The sizes of every measurement.

    Parameters
    ----------
    steps, batch, hidden
        Along which a call is timed; the other sizes are those of `base`, and the input is as large as the state.
    compiled, gates
        T, and the gates of a cell, along which compilation is timed.
    kept
        T along which memory is measured.
    checkpointed
        The same with and without checkpoints, of `long` (T is replaced).
    """

    base: Shape = _BASE
    steps: tuple[int, ...] = (10, 30, 100, 300, 1000, 3000)
    batch: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256)
    hidden: tuple[int, ...] = (16, 32, 64, 128, 256, 512, 1024)
    compiled: tuple[int, ...] = (10, 100, 1000, 10_000)
    gates: tuple[int, ...] = (1, 2, 4, 8, 16)
    kept: tuple[int, ...] = (100, 300, 1000, 3000)
    long: Shape = _LONG
    checkpointed: tuple[int, ...] = (1000, 3000, 10_000, 30_000, 100_000)


TINY = Sizes(Shape(5, 3, 8, 8), (2, 4), (1, 2), (4, 8), (2, 4), (1, 2), (2, 4), Shape(1, 2, 4, 4), (4, 9))
"""Does it run at all?"""


@dataclass(frozen=True)
class Setting:
    """`modes` are those that are timed; `makers` are the contenders by name, this package's own among them."""

    cells: tuple[BenchCell, ...]
    modes: tuple[Mode, ...]
    makers: Mapping[str, Maker]
    dtype: str
    threads: int
    plan: Plan
    sizes: Sizes = field(default_factory=Sizes)
    watch: Stopwatch = field(default_factory=Stopwatch)
