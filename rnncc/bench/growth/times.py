"""Time of a call along T, N and H."""

from collections.abc import Iterable
from dataclasses import replace

from rnncc.bench.contender import Maker, ready
from rnncc.bench.growth.point import Line, Point
from rnncc.bench.growth.setting import Found, Setting, Step
from rnncc.bench.problem import BenchCell, Mode, Problem, Shape


def along_steps(setting: Setting) -> list[Step]:
    """Time along T."""
    return _steps(setting, "T", {size: replace(setting.sizes.base, steps=size) for size in setting.sizes.steps})


def along_batch(setting: Setting) -> list[Step]:
    """Time along N."""
    return _steps(setting, "N", {size: replace(setting.sizes.base, batch=size) for size in setting.sizes.batch})


def along_hidden(setting: Setting) -> list[Step]:
    """Time along H, the input as large."""
    return _steps(setting, "H", {size: replace(setting.sizes.base, inputs=size, hidden=size) for size in setting.sizes.hidden})


def _steps(setting: Setting, along: str, shapes: dict[int, Shape]) -> list[Step]:
    return [step for cell in setting.cells for mode in setting.modes for step in _series(setting, along, shapes, cell, mode)]


def _series(setting: Setting, along: str, shapes: dict[int, Shape], cell: BenchCell, mode: Mode) -> list[Step]:
    """Contenders are checked at the first shape: the interpreter that says what is right would take minutes and gigabytes at others.

    One that is wrong there is left out of all.
    """
    right = dict(setting.makers)
    problems = {size: Problem(cell, shape, mode, setting.dtype, setting.threads) for size, shape in shapes.items()}
    first = next(iter(shapes))
    return [_step(setting, along, size, problem, right, checked=size == first) for size, problem in problems.items()]


def _step(setting: Setting, along: str, size: int, problem: Problem, right: dict[str, Maker], checked: bool) -> Step:
    def measured() -> Iterable[Found]:
        drawn = replace(problem)  # what it draws goes with it
        made = ready(drawn, right, setting.watch.clock, compared=checked)
        for fault in made.wrong:
            del right[fault.contender]
        timings = setting.watch.measure({name: c.call for name, c in made.contenders.items()}, setting.plan)
        lines = {name: Line("time", along, problem.cell.name, problem.mode, name) for name in timings}
        return [*made.wrong, *(Point(lines[name], size, timing.best) for name, timing in timings.items())]

    return f"time, {problem}", measured
