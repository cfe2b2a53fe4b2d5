"""What each transform of a cell costs: the changed cell beside the plain one, at the same shapes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rich.table import Table

from rnncc.bench.contender import Maker, ready
from rnncc.bench.peers import OWN
from rnncc.bench.problem import BenchCell, Mode, Problem, Shape
from rnncc.bench.timing import Call, Plan, Stopwatch

_PLAIN = "plain"


@dataclass(frozen=True)
class Cost:
    """One transform at one problem.

    Parameters
    ----------
    problem
        That of the plain cell.
    transform
        As it was asked for, `zoneout=0.1`.
    seconds, plain
        A call with it and without.
    ready
        Seconds from the layer's making to the end of its first call.
    """

    problem: Problem
    transform: str
    seconds: float
    plain: float
    ready: float

    @property
    def ratio(self) -> float:
        """How many times as long it takes."""
        return self.seconds / self.plain


@dataclass(frozen=True)
class Comparison:
    """What to run: each of `transforms`, by what it was asked for with, keywords as of `rnncc.RNN`, by itself; `make` makes layers."""

    cells: tuple[BenchCell, ...]
    shapes: tuple[Shape, ...]
    modes: tuple[Mode, ...]
    transforms: Mapping[str, Mapping[str, object]]
    make: Maker
    dtype: str
    threads: int
    plan: Plan
    watch: Stopwatch = field(default_factory=Stopwatch)

    def problems(self) -> list[dict[str, Problem]]:
        """Each with the plain cell, and with what it is changed into by what was asked for; masks are drawn in training.

        Raises `ArgumentError` where a cell does not take a transform.
        """
        variants = [{_PLAIN: cell} | {text: cell.transformed(asked) for text, asked in self.transforms.items()} for cell in self.cells]
        return [
            {text: self._problem(cell, shape, mode) for text, cell in cells.items()}
            for cells in variants
            for mode in self.modes
            for shape in self.shapes
        ]

    def run(self, todo: Sequence[Mapping[str, Problem]], started: Callable[[str], object] = lambda _problem: None) -> Iterator[Cost]:
        """Costs of `problems` one by one; `started` is told each before it is begun.

        Raises
        ------
        DisagreementError
            A changed layer computes something else than the interpreter.
        """
        for problems in todo:
            started(str(problems[_PLAIN]))
            yield from self._costs(problems)

    def _problem(self, cell: BenchCell, shape: Shape, mode: Mode) -> Problem:
        random = mode == "training" and bool(cell.made.info.masks)
        return Problem(cell, shape, mode, self.dtype, self.threads, random)

    def _costs(self, problems: Mapping[str, Problem]) -> Iterator[Cost]:
        made = {text: self._ready(problem) for text, problem in problems.items()}
        timings = self.watch.measure({text: call for text, (call, _) in made.items()}, self.plan)
        for text in self.transforms:
            yield Cost(problems[_PLAIN], text, timings[text].best, timings[_PLAIN].best, made[text][1])

    def _ready(self, problem: Problem) -> tuple[Call, float]:
        """What is timed, once it was found right with the expectation of its masks; seconds to the end of its first call."""
        makers, settled = {OWN: self.make}, replace(problem, random=False)
        contenders, seconds = ready(settled, makers, self.watch.clock, settled.expected())
        if problem.random:
            contenders, _ = ready(problem, makers, self.watch.clock, None)
        return contenders[OWN].call, seconds[OWN]


def table(costs: Sequence[Cost]) -> Table:
    """A row a transform and problem."""
    made = Table(
        box=None, pad_edge=False, caption="times in ms; × plain: time with the transform / without; ready: s until the first result"
    )
    for title in ("cell", "mode", "T,N,I,H", "transform"):
        made.add_column(title, no_wrap=True)
    for title in ("plain", "with it", "× plain", "ready"):
        made.add_column(title, justify="right", no_wrap=True)
    for c in costs:
        where = (c.problem.cell.name, c.problem.mode, str(c.problem.shape).strip("()"), c.transform)
        made.add_row(*where, f"{1e3 * c.plain:.3g}", f"{1e3 * c.seconds:.3g}", f"{c.ratio:.2f}", f"{c.ready:.2f}")
    return made


def record(costs: Sequence[Cost]) -> list[dict[str, Any]]:
    """Every figure, seconds."""
    return [
        {"cell": c.problem.cell.name, "mode": c.problem.mode, **asdict(c.problem.shape), "transform": c.transform}
        | {"seconds": c.seconds, "plain": c.plain, "ratio": c.ratio, "ready": c.ready}
        for c in costs
    ]
