"""One measured figure, figures of one kind as a series, and how steeply a series grows."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Line:
    """What a series is about.

    Parameters
    ----------
    what
        The figure: `time` (s a call), `compile` (s), `kept` (bytes that forward leaves for backward, apart from its inputs),
        `peak` (bytes at most, beyond what was there before the call).
    along
        The size that grows: T, N, H or gates.
    cell, mode, contender
        Whose figure it is.
    """

    what: str
    along: str
    cell: str
    mode: str
    contender: str


@dataclass(frozen=True)
class Point:
    """The `value` of `line` at `size`."""

    line: Line
    size: int
    value: float


@dataclass(frozen=True)
class Series:
    """`values` of `line` at `sizes`, ascending."""

    line: Line
    sizes: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def slope(self) -> float:
        """Least-squares slope of log value over log size: 0 where it is flat, 1 where it grows in proportion."""
        return _slope(self.sizes, self.values)

    @property
    def end(self) -> float:
        """The slope over the larger half of the sizes, where what a call costs in itself no longer counts."""
        half = min(len(self.sizes) // 2, len(self.sizes) - 2)
        return _slope(self.sizes[half:], self.values[half:]) if half >= 0 else float("nan")


def _slope(sizes: tuple[int, ...], values: tuple[float, ...]) -> float:
    if len(sizes) < 2 or min(values) <= 0:
        return float("nan")
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def series(points: Iterable[Point]) -> list[Series]:
    """`points` line by line, in the order in which the lines appear."""
    lines: dict[Line, dict[int, float]] = {}
    for p in points:
        lines.setdefault(p.line, {})[p.size] = p.value
    return [Series(line, tuple(sorted(found)), tuple(found[size] for size in sorted(found))) for line, found in lines.items()]
