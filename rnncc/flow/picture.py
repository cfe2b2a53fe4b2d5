"""A flow as a picture: norms of gradients on a logarithmic axis, below them each value's mean and spread."""

from pathlib import Path
from typing import Any

from rnncc.figure import new_figure, save
from rnncc.flow.measure import Flow
from rnncc.flow.report import over_rows, over_units
from rnncc.flow.subject import Array

_ACROSS = 3


def draw(flow: Flow, title: str, path: Path) -> None:
    """Draw `flow` into `path`, in the format that its suffix names. Raises `ArgumentError` where that cannot be written."""
    down = -(-len(flow.values) // _ACROSS)
    figure = new_figure(4 * _ACROSS, 4 + 2 * down)
    grid = figure.add_gridspec(1 + down, _ACROSS, height_ratios=[2, *[1] * down])
    _gradients(figure.add_subplot(grid[0, :]), flow.gradients, title)
    for k, (name, value) in enumerate(flow.values.items()):
        _value(figure.add_subplot(grid[1 + k // _ACROSS, k % _ACROSS]), name, value)
    save(figure, path)


def _gradients(axes: Any, gradients: dict[str, Array], title: str) -> None:
    for state, norms in gradients.items():
        if not norms.any():
            continue  # has no place on a logarithmic axis
        figures = over_rows(norms)
        (line,) = axes.plot(figures["median"], label=state)
        axes.fill_between(range(len(norms)), figures["10 %"], figures["90 %"], color=line.get_color(), alpha=0.2, linewidth=0)
    axes.set_yscale("log")
    axes.set_title(f"{title}: ‖∂L/∂s_t‖ of each state s, L at the end of the sequence", fontsize=10)
    axes.set_xlabel("t")
    axes.grid(True, which="major", linewidth=0.3)
    if axes.lines:
        axes.legend(fontsize=8)


def _value(axes: Any, name: str, value: Array) -> None:
    figures = over_units(value)
    (line,) = axes.plot(figures["mean"], linewidth=1)
    axes.fill_between(range(len(value)), figures["10 %"], figures["90 %"], color=line.get_color(), alpha=0.2, linewidth=0)
    axes.set_title(f"{name}: mean, 10 % to 90 %", fontsize=8)
    axes.tick_params(labelsize=7)
