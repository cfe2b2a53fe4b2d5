"""One run of `rnncc bench`: every problem, its contenders checked and timed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from rnncc.bench.contender import Disagreement, Maker, Ready, ready
from rnncc.bench.cost import YARDSTICK, Yardstick
from rnncc.bench.limit import Limit, flops, limit
from rnncc.bench.machine import Machine
from rnncc.bench.peers import OWN
from rnncc.bench.problem import BenchCell, Mode, Problem, Shape
from rnncc.bench.timing import Plan, Stopwatch, Timing

_CLOSE = 1.05
"""A ratio below this is measured twice more, and the round with the median ratio counts."""

_TWIN = f"{OWN} {YARDSTICK}"
"""This package's LSTM at the same shape, timed in turn with the contenders: by its rates the cell is judged."""


@dataclass(frozen=True)
class Entry:
    """One contender at one problem.

    Parameters
    ----------
    timing
        Seconds a call.
    ready
        Seconds from its making to the end of its first call: compiling, or loading what was compiled.
    """

    timing: Timing
    ready: float


@dataclass(frozen=True)
class Result:
    """Every contender at one problem.

    Parameters
    ----------
    problem
        Without the arrays that were drawn for it.
    entries
        Contenders that were timed, by name.
    wrong
        Those that compute something else.
    flops, limit
        Of the problem.
    expected
        The seconds that this package's LSTM promises (`bench.cost`); None for itself.
    """

    problem: Problem
    entries: Mapping[str, Entry]
    wrong: tuple[Disagreement, ...]
    flops: float
    limit: Limit
    expected: float | None = None

    @property
    def own(self) -> float | None:
        """Seconds of this package; None where it is wrong."""
        return self.entries[OWN].timing.best if OWN in self.entries else None

    @property
    def best_peer(self) -> str | None:
        """The fastest other contender."""
        peers = [name for name in self.entries if name != OWN]
        return min(peers, key=lambda name: self.entries[name].timing.best, default=None)

    @property
    def ratio(self) -> float | None:
        """How many times as long the best peer takes."""
        return self.entries[self.best_peer].timing.best / self.own if self.best_peer and self.own else None

    @property
    def share(self) -> float | None:
        """The part of the time that the binding limit asks for."""
        return self.limit.seconds / self.own if self.own else None

    @property
    def cost(self) -> float | None:
        """How many times as long as expected; at most 1.15 is the aim for every cell."""
        return self.own / self.expected if self.own and self.expected else None


@dataclass(frozen=True)
class Session:
    """What to run: `makers` by name, this package's own among them."""

    cells: tuple[BenchCell, ...]
    shapes: tuple[Shape, ...]
    modes: tuple[Mode, ...]
    makers: Mapping[str, Maker]
    dtype: str
    threads: int
    plan: Plan
    watch: Stopwatch = field(default_factory=Stopwatch)

    def problems(self) -> list[Problem]:
        """Cell by cell, mode by mode; a stream has one step, so shapes that differ in T alone are one."""
        return [
            Problem(cell, shape, mode, self.dtype, self.threads)
            for cell in self.cells
            for mode in self.modes
            for shape in self._shapes(mode)
        ]

    def _shapes(self, mode: Mode) -> list[Shape]:
        return list(dict.fromkeys(replace(s, steps=1) for s in self.shapes)) if mode == "stream" else list(dict.fromkeys(self.shapes))

    @property
    def measuring(self) -> float:
        """Seconds that blocks and rests take where every contender serves every problem, compiling and second rounds apart."""
        return len(self.problems()) * self.plan.lasting(len(self.makers) + 1)

    def run(self, machine: Machine, started: Callable[[str], object] = lambda _problem: None) -> Iterator[Result]:
        """Results one by one; `started` is told each problem before it is begun."""
        yardstick = Yardstick(self.makers[OWN], machine, self.watch, self.plan)
        for problem in self.problems():
            started(str(problem))
            yield self._result(problem, machine, yardstick)

    def _result(self, problem: Problem, machine: Machine, yardstick: Yardstick) -> Result:
        drawn = replace(problem)  # what it draws goes with it: figures of a long run are kept, arrays are not
        made = ready(drawn, self.makers, self.watch.clock)
        calls = {name: contender.call for name, contender in made.contenders.items()}
        lstm = yardstick.call(drawn)

        def measured() -> Result:
            timings = self.watch.measure(calls | ({_TWIN: lstm} if lstm else {}), self.plan)
            expected = yardstick.expected(drawn, timings[_TWIN].best) if lstm else None
            return Result(problem, entered(made, timings), made.wrong, flops(drawn), limit(drawn, machine), expected)

        return settled(measured)


def entered(made: Ready, timings: Mapping[str, Timing]) -> dict[str, Entry]:
    """The entries of all contenders that are ready."""
    return {name: Entry(timings[name], made.seconds[name]) for name in made.contenders}


def settled(measured: Callable[[], Result]) -> Result:
    """What is `measured`; where the best peer comes close, the one of three with the median ratio."""
    first = measured()
    if first.ratio is None or first.ratio >= _CLOSE:
        return first
    return sorted([first, measured(), measured()], key=lambda result: result.ratio or 0.0)[1]
