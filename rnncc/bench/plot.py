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
    kinds = list(dict.fromkeys(r.problem.kind for r in drawn))
    most = max(sum(r.problem.kind == kind for r in drawn) for kind in kinds)
    figure = new_figure(6 * len(kinds), 1.5 + 0.22 * most)
    for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
        _bars(axes, kind, [r for r in drawn if r.problem.kind == kind])
    save(figure, path)


def _bars(axes: Any, kind: str, results: Sequence[Result]) -> None:
    labels = [f"{r.problem.cell.name} {r.problem.shape}" for r in results]
    ratios = [r.ratio or 0.0 for r in results]
    bars = axes.barh(labels, ratios, color=["tab:green" if ratio >= 1 else "tab:red" for ratio in ratios])
    axes.bar_label(bars, [f"{ratio:.2f} {r.best_peer}" for ratio, r in zip(ratios, results, strict=True)], fontsize=7, padding=2)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_title(f"{kind}: time of the best peer / time of rnncc")
    axes.tick_params(axis="y", labelsize=7)
    axes.set_xlim(0, 1.25 * max(ratios))
    axes.invert_yaxis()
