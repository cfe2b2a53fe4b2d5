"""Series as pictures: one a figure and size, on logarithmic axes, so that a power is a straight line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnncc.bench.growth.point import Series
from rnncc.bench.growth.report import TITLES, UNITS, panels
from rnncc.errors import ArgumentError
from rnncc.figure import new_figure, save

_ACROSS = 4
_MARKS = "osv^Dx"


def plot(found: Sequence[Series], path: Path) -> None:
    """Draw `found` into `path`, in the format that its suffix names.

    Raises `ArgumentError` where there is nothing to draw, or the file cannot be written.
    """
    if not found:
        raise ArgumentError("nothing to plot: no contender serves these cells")
    together = panels(found)
    down = -(-len(together) // _ACROSS)
    across = min(len(together), _ACROSS)
    figure = new_figure(4.6 * across, 4 * down)
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for one, ((what, along), lines) in zip(axes, together.items(), strict=False):
        _draw(one, what, along, lines)
    for empty in axes[len(together) :]:
        empty.remove()
    save(figure, path)


def _draw(axes: Any, what: str, along: str, lines: Sequence[Series]) -> None:
    unit, scale = UNITS[what]
    contenders = list(dict.fromkeys(s.line.contender for s in lines))
    kinds = list(dict.fromkeys((s.line.cell, s.line.mode) for s in lines))
    for s in lines:
        axes.loglog(
            s.sizes,
            [scale * value for value in s.values],
            label=f"{s.line.cell}, {s.line.mode}, {s.line.contender}",
            color=f"C{contenders.index(s.line.contender)}",
            marker=_MARKS[kinds.index((s.line.cell, s.line.mode)) % len(_MARKS)],
            linewidth=1,
            markersize=4,
        )
    axes.set_title(f"{TITLES[what]} ({unit})", fontsize=9)
    axes.set_xlabel(along)
    if what == "compile":  # flat, or in proportion: seen best from zero
        axes.set_yscale("linear")
        axes.set_ylim(bottom=0)
    axes.grid(True, which="major", linewidth=0.3)
    axes.legend(fontsize=6)
