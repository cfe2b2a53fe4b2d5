"""Series as tables, one a figure and size, and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from rnncc.bench.contender import Disagreement
from rnncc.bench.growth.point import Point, Series
from rnncc.bench.growth.setting import Found

UNITS = {"time": ("ms", 1e3), "compile": ("s", 1.0), "kept": ("MB", 1e-6), "peak": ("MB", 1e-6)}
"""Figure -> the unit it is shown in, and how many of those one of its own is."""
TITLES = {
    "time": "time of a call",
    "compile": "cold compilation, forward and backward",
    "kept": "memory kept for the backward pass, inputs apart",
    "peak": "memory of a call in training at most",
}


def points(found: Sequence[Found]) -> list[Point]:
    """The figures among `found`."""
    return [f for f in found if isinstance(f, Point)]


def wrong(found: Sequence[Found]) -> list[Disagreement]:
    """The contenders among `found` that have none."""
    return [f for f in found if isinstance(f, Disagreement)]


def line(found: Found) -> list[str]:
    """`found` in words."""
    if isinstance(found, Disagreement):
        return [f"{found}; not timed"]
    about, (unit, scale) = found.line, UNITS[found.line.what]
    where = f"{about.cell}, {about.mode}, {about.along} = {found.size}"
    return [f"{TITLES[about.what]}, {where}: {about.contender} {scale * found.value:.3g} {unit}"]


def panels(found: Sequence[Series]) -> dict[tuple[str, str], list[Series]]:
    """Series that belong into one table or picture, by figure and by the size that grows."""
    made: dict[tuple[str, str], list[Series]] = {}
    for s in found:
        made.setdefault((s.line.what, s.line.along), []).append(s)
    return made


def tables(found: Sequence[Series]) -> list[Table]:
    """A row a series, a column a size; at the end the slopes of the logarithms."""
    return [_table(what, along, together) for (what, along), together in panels(found).items()]


def _table(what: str, along: str, together: Sequence[Series]) -> Table:
    unit, scale = UNITS[what]
    sizes = sorted({size for s in together for size in s.sizes})
    made = Table(box=None, pad_edge=False, title=f"{TITLES[what]} ({unit}) along {along}", title_justify="left")
    for title in ("cell", "mode", "contender"):
        made.add_column(title, no_wrap=True)
    for title in (*map(str, sizes), "slope", "at the end"):
        made.add_column(title, justify="right", no_wrap=True)
    for s in together:
        values = dict(zip(s.sizes, s.values, strict=True))
        cells = [f"{scale * values[size]:.3g}" if size in values else "-" for size in sizes]
        made.add_row(s.line.cell, s.line.mode, s.line.contender, *cells, f"{s.slope:.2f}", f"{s.end:.2f}")
    return made


def record(found: Sequence[Series]) -> list[dict[str, Any]]:
    """Every series with its slopes; seconds and bytes."""
    return [asdict(s.line) | {"sizes": s.sizes, "values": s.values, "slope": s.slope, "end": s.end} for s in found]
