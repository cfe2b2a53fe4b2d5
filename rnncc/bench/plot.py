"""Results as a bar chart: how many times as long the best peer takes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnncc.bench.session import Result
from rnncc.errors import ArgumentError
from rnncc.figure import new_figure, save


def plot(results: Sequence[Result], path: Path) -> None:
    """Draw `results` that have a peer into `path`, in the format that its suffix names.

    Raises `ArgumentError` where there is nothing to draw, or the file cannot be written.
    """
    drawn = [r for r in results if r.ratio is not None]
    if not drawn:
        raise ArgumentError("nothing to plot: no peer serves these problems; choose others with --peer, --cell or --mode")
    modes = list(dict.fromkeys(r.problem.mode for r in drawn))
    most = max(sum(r.problem.mode == mode for r in drawn) for mode in modes)
    figure = new_figure(6 * len(modes), 1.5 + 0.22 * most)
    for axes, mode in zip(figure.subplots(1, len(modes), squeeze=False)[0], modes, strict=True):
        _bars(axes, mode, [r for r in drawn if r.problem.mode == mode])
    save(figure, path)


def _bars(axes: Any, mode: str, results: Sequence[Result]) -> None:
    labels = [f"{r.problem.cell.name} {r.problem.shape}" for r in results]
    ratios = [r.ratio or 0.0 for r in results]
    bars = axes.barh(labels, ratios, color=["tab:green" if ratio >= 1 else "tab:red" for ratio in ratios])
    axes.bar_label(bars, [f"{ratio:.2f} {r.best_peer}" for ratio, r in zip(ratios, results, strict=True)], fontsize=7, padding=2)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_title(f"{mode}: time of the best peer / time of rnncc")
    axes.tick_params(axis="y", labelsize=7)
    axes.set_xlim(0, 1.25 * max(ratios))
    axes.invert_yaxis()
