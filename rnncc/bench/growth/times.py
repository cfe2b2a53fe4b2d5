"""Time of a call along T, N and H."""

from collections.abc import Iterable
from dataclasses import replace

from rnncc.bench.contender import ready
from rnncc.bench.growth.point import Line, Point
from rnncc.bench.growth.setting import Setting, Step
from rnncc.bench.problem import Problem, Shape


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
    """Contenders are checked at the first shape: the interpreter that says what is right would take minutes and gigabytes at others."""
    first = next(iter(shapes))
    return [
        _step(setting, along, size, Problem(cell, shape, mode, setting.dtype, setting.threads), checked=size == first)
        for cell in setting.cells
        for mode in setting.modes
        for size, shape in shapes.items()
    ]


def _step(setting: Setting, along: str, size: int, problem: Problem, checked: bool) -> Step:
    def measured() -> Iterable[Point]:
        contenders, _ = ready(problem, setting.makers, setting.watch.clock, problem.expected() if checked else None)
        timings = setting.watch.measure({name: c.call for name, c in contenders.items()}, setting.plan)
        lines = {name: Line("time", along, problem.cell.name, problem.mode, name) for name in timings}
        return [Point(lines[name], size, timing.best) for name, timing in timings.items()]

    return f"time, {problem}", measured
