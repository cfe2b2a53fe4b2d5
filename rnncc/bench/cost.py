"""No cell is second class: what a cell should take, by the rates at which this package's LSTM runs the same shape.

expected = a call + FLOPs of products at the LSTM's rate + elementwise operations + bytes + barriers
"""

from dataclasses import dataclass, field, replace

import numpy as np

from rnncc.bench.contender import Maker
from rnncc.bench.limit import elements, flops, product_flops
from rnncc.bench.machine import Machine
from rnncc.bench.problem import BenchCell, Mode, Problem, Shape
from rnncc.bench.timing import Call, Plan, Stopwatch
from rnncc.ir import Program, size_names, units
from rnncc.passes import hoist_sums
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.team import splits_units, worth_hoisting
from rnncc.schedule import is_elementwise, schedule

YARDSTICK = "lstm"
_NOTHING = Shape(1, 1, 1, 1)
"""A shape that leaves nothing of a call but the call."""


@dataclass(frozen=True)
class Work:
    """What a problem consists of.

    Parameters
    ----------
    products
        FLOPs of products.
    elementwise
        Operations of everything else, by `functions.function_cost`.
    data
        Bytes: what goes in and comes out, and what forward leaves for backward, written and read.
    barriers
        Meetings of threads that share the units of few rows: one a phase and step, none without a product in the loop.
    """

    products: float
    elementwise: float
    data: float
    barriers: int

    def besides_products(self, machine: Machine, threads: int) -> float:
        """Seconds of everything but the products."""
        moved = self.data / machine.reading_rate(self.data / threads)
        return self.elementwise / machine.elementwise + moved + self.barriers * machine.barrier


def work(problem: Problem) -> Work:
    """What `problem` consists of."""
    made, training = problem.cell.made, problem.mode == "training"
    samples = problem.steps * problem.shape.batch
    products = product_flops(problem)
    kept = _residuals(made.sweeps[1], problem) if training else 0
    size = np.dtype(problem.dtype).itemsize
    return Work(products, flops(problem) - products, size * (elements(problem) + 2 * samples * kept), _barriers(problem))


def _residuals(backward: Program, problem: Problem) -> int:
    """Numbers a step and sample that forward leaves for backward."""
    types = [i.type for i in backward.inputs if i.role == "residual" and "T" in i.type]
    return sum(int(np.prod([sum(problem.lengths[s] for s in size_names(axis)) for axis in units(type_)])) for type_ in types)


def _barriers(problem: Problem) -> int:
    sweep = Sweep(problem.steps, problem.shape.batch, threads=problem.threads, row_work=problem.geometry.layer_work)
    if not splits_units(sweep):
        return 0
    first, *later = problem.cell.made.sweeps if problem.mode == "training" else (problem.cell.made.inference,)
    hoisted = worth_hoisting(sweep)
    return problem.steps * (_meetings(first, hoisted) + sum(_meetings(program, False) for program in later))


def _meetings(program: Program, hoisted: bool) -> int:
    """How often the threads that share the units of a step wait for each other in it."""
    ahead = schedule(hoist_sums(program), hoist=True)
    if is_elementwise(ahead):
        return 0
    return len((ahead if hoisted else schedule(program)).step)


@dataclass(frozen=True)
class Yardstick:
    """The LSTM of this package.

    Parameters
    ----------
    make
        This package's contender.
    machine, watch, plan
        Measured rates, and how to time.
    """

    make: Maker
    machine: Machine
    watch: Stopwatch
    plan: Plan
    _cell: BenchCell = field(default_factory=lambda: BenchCell.found(YARDSTICK))
    _alone: dict[Mode, float] = field(default_factory=dict)

    def call(self, problem: Problem) -> Call | None:
        """The LSTM at the shape of `problem`, to be timed beside it; None for the LSTM itself."""
        if problem.cell.name == YARDSTICK:
            return None
        contender = self.make(replace(problem, cell=self._cell))
        return contender.call if contender else None

    def expected(self, problem: Problem, seconds: float) -> float:
        """Seconds that `problem` should take where the LSTM takes `seconds`."""
        call, theirs, mine = self._call_alone(problem), work(replace(problem, cell=self._cell)), work(problem)
        left = seconds - call - theirs.besides_products(self.machine, problem.threads)
        rate = min(theirs.products / left, self.machine.flops) if left > 0 else self.machine.flops
        return call + mine.products / rate + mine.besides_products(self.machine, problem.threads)

    def _call_alone(self, problem: Problem) -> float:
        """Seconds of a call with next to nothing to do."""
        if problem.mode not in self._alone:
            contender = self.make(replace(problem, cell=self._cell, shape=_NOTHING))
            calls = {YARDSTICK: contender.call} if contender else {}
            self._alone[problem.mode] = sum(timing.best for timing in self.watch.measure(calls, self.plan).values())
        return self._alone[problem.mode]
