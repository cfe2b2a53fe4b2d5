"""What each transform of a cell costs: the changed cell beside the plain one, at the same shapes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rich.table import Table

from rnncc.bench.contender import Disagreement, Maker, Ready, ready
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


Found = Cost | Disagreement
"""A transform's cost, or that its layer is wrong."""


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

    @property
    def measuring(self) -> float:
        """Seconds that blocks and rests take, compiling apart."""
        return len(self.cells) * len(self.shapes) * len(self.modes) * self.plan.lasting(len(self.transforms) + 1)

    def run(self, todo: Sequence[Mapping[str, Problem]], started: Callable[[str], object] = lambda _problem: None) -> Iterator[Found]:
        """Costs of `problems` one by one, and layers that compute something else than the interpreter; `started` is told each problem
        before it is begun.
        """
        for problems in todo:
            started(str(problems[_PLAIN]))
            yield from self._costs(problems)

    def _problem(self, cell: BenchCell, shape: Shape, mode: Mode) -> Problem:
        random = mode == "training" and bool(cell.made.info.masks)
        return Problem(cell, shape, mode, self.dtype, self.threads, random)

    def _costs(self, problems: Mapping[str, Problem]) -> Iterator[Found]:
        settled = {text: self._settled(problem) for text, problem in problems.items()}
        for text, made in settled.items():
            yield from (replace(fault, contender=f"{OWN} ({text})") for fault in made.wrong)
        calls = {text: self._call(problems[text], made) for text, made in settled.items() if not made.wrong}
        if _PLAIN not in calls:  # nothing to compare with
            return
        timings = self.watch.measure(calls, self.plan)
        for text in (text for text in calls if text != _PLAIN):
            yield Cost(problems[_PLAIN], text, timings[text].best, timings[_PLAIN].best, settled[text].seconds[OWN])

    def _settled(self, problem: Problem) -> Ready:
        """The layer, compared where its masks are their expectation."""
        return ready(replace(problem, random=False), {OWN: self.make}, self.watch.clock)

    def _call(self, problem: Problem, settled: Ready) -> Call:
        """What is timed: with masks drawn where the problem has any."""
        made = ready(replace(problem), {OWN: self.make}, self.watch.clock, compared=False) if problem.random else settled
        return made.contenders[OWN].call


def costs(found: Sequence[Found]) -> list[Cost]:
    """Those of `found` that are right."""
    return [f for f in found if isinstance(f, Cost)]


def wrong(found: Sequence[Found]) -> list[Disagreement]:
    """The others."""
    return [f for f in found if isinstance(f, Disagreement)]


def line(found: Found) -> list[str]:
    """`found` in words."""
    if isinstance(found, Disagreement):
        return [f"{found}; not timed"]
    return [f"{found.problem}: {found.transform} {1e3 * found.seconds:.3g} ms, plain {1e3 * found.plain:.3g} ms"]


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
