"""Writes the parts of `docs/performance.md` that follow from figures: calls beside the others', from `docs/performance.json` and, of
what was measured again, `docs/performance-later.json`; what transforms cost, from `docs/transforms.json`; and how time, compilation
and memory grow, from `docs/growth.json`.

    python docs/performance.py

Each part stands between the comments `<!-- name -->` and `<!-- end of name -->`. One whose file is not there stays as it is.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from rnncc.bench.growth.point import Line, Series
from rnncc.bench.growth.report import TITLES, UNITS

HERE = Path(__file__).parent
SIZES = ("steps", "batch", "inputs", "hidden")
SLOPES = """\
Each cell of these tables has the figure at the smallest and at the largest size, and in brackets the slope of the logarithms over all
sizes and over the larger half of them: 0 flat, 1 in proportion."""


def performance(measured: dict[str, Any]) -> str:
    """For each mode how far ahead of the best of the others each cell is at each shape, and the times of the LSTM."""
    found = measured["results"]
    modes = list(dict.fromkeys(r["mode"] for r in found))
    means = [f"{_mean(r['ratio'] for r in found if r['mode'] == mode):.2f} in {mode}" for mode in modes]
    overall = f"The geometric means over all of it are {' and '.join(means)}."
    return "\n\n".join([*(_ahead(mode, found) for mode in modes), overall, _times("lstm", found), when(measured)])


def _ahead(mode: str, found: Sequence[dict[str, Any]]) -> str:
    here = {(_shape(r), r["cell"]): r["ratio"] for r in found if r["mode"] == mode}
    cells = list(dict.fromkeys(cell for _, cell in here))
    rows = [[str(shape), *(f"{here[shape, cell]:.2f}" for cell in cells)] for shape in dict.fromkeys(shape for shape, _ in here)]
    means = [f"{_mean(ratio for (_, other), ratio in here.items() if other == cell):.2f}" for cell in cells]
    return table([f"best peer / rnncc, {mode}", *(f"`{cell}`" for cell in cells)], [*rows, ["geometric mean", *means]])


def _mean(ratios: Iterable[float]) -> float:
    return math.exp(fmean(map(math.log, ratios)))


def _times(cell: str, found: Sequence[dict[str, Any]]) -> str:
    here = [r for r in found if r["cell"] == cell]
    contenders = list(dict.fromkeys(name for r in here for name in r["contenders"]))
    rows = []
    for r in here:
        times = [r["contenders"].get(name, {}).get("seconds") for name in contenders]
        shown = [figure(1e3 * t) if t else "–" for t in times]
        rows.append([str(_shape(r)), r["mode"], *shown, f"{100 * r['share']:.0f} % {r['limit']}"])
    return table([f"`{cell}`, ms", "mode", *contenders, "of the limit that binds"], rows)


def transforms(measured: dict[str, Any]) -> str:
    """A table a shape: a row a transform, a column a cell and mode."""
    shapes = dict.fromkeys(_shape(c) for c in measured["transforms"])
    return "\n\n".join([*(_of_shape(shape, measured["transforms"]) for shape in shapes), when(measured)])


def _shape(cost: dict[str, Any]) -> tuple[int, ...]:
    return tuple(cost[size] for size in SIZES)


def _of_shape(shape: tuple[int, ...], costs: Sequence[dict[str, Any]]) -> str:
    here = {(c["transform"], (c["cell"], c["mode"])): c for c in costs if _shape(c) == shape}
    columns = list(dict.fromkeys(column for _, column in here))
    plain = {column: figure(1e3 * c["plain"]) for (_, column), c in here.items()}
    rows = [["plain", *(plain[column] for column in columns)]]
    for transform in dict.fromkeys(transform for transform, _ in here):
        found = [here.get((transform, column)) for column in columns]
        rows.append([f"`{transform}`", *(f"{figure(1e3 * c['seconds'])} ({c['ratio']:.2f})" if c else "" for c in found)])
    titles = [f"{shape}, ms (× plain)", *(f"{cell}, {mode}" for cell, mode in columns)]
    return table(titles, rows)


def growth(measured: dict[str, Any]) -> str:
    """The picture, and a table a figure: a row a series of this package and of the others, who are the columns."""
    found = [Series(Line(*(s[key] for key in KEYS)), tuple(s["sizes"]), tuple(s["values"])) for s in measured["series"]]
    figures = dict.fromkeys(s.line.what for s in found)
    tables = [_of_figure(what, [s for s in found if s.line.what == what]) for what in figures]
    return "\n\n".join(["![how time, compilation and memory grow](growth.svg)", SLOPES, *tables, when(measured)])


KEYS = ("what", "along", "cell", "mode", "contender")


def _of_figure(what: str, found: Sequence[Series]) -> str:
    unit, _ = UNITS[what]
    here = {((s.line.along, s.line.cell, s.line.mode), s.line.contender): s for s in found}
    contenders = list(dict.fromkeys(contender for _, contender in here))
    rows = []
    for about in dict.fromkeys(about for about, _ in here):
        series = [here.get((about, contender)) for contender in contenders]
        sizes = sorted({size for s in series if s for size in s.sizes})
        along, cell, mode = about
        rows.append([f"{along} = {sizes[0]:,} → {sizes[-1]:,}", f"`{cell}`, {mode}", *(_slopes(s) if s else "" for s in series)])
    return table([f"{TITLES[what]}, {unit}", "", *contenders], rows)


def _slopes(s: Series) -> str:
    _, scale = UNITS[s.line.what]
    return f"{figure(scale * s.values[0])} → {figure(scale * s.values[-1])} ({s.slope:z.2f}, {s.end:z.2f})"


def figure(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:.3g}" if value < 999.5 else f"{value:,.0f}"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """As Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def when(measured: dict[str, Any]) -> str:
    """Date and machine."""
    machine = measured["machine"]
    about = f"{machine['threads']} cores of {machine['processor']} ({machine['instruction_set']}), {measured['plan']['dtype']}"
    return f"Measured on {measured['date'][:10]}, {about}."


PARTS: dict[str, Callable[[dict[str, Any]], str]] = {"performance": performance, "transforms": transforms, "growth": growth}


def filled(page: str, name: str, part: str) -> str:
    """`page` with `part` between the comments of `name`; raises `ValueError` where it has none."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    if begin not in page or end not in page:
        raise ValueError(f"docs/performance.md has no place for {name}: write {begin.strip()} and {end.strip()}")
    return re.sub(f"{begin}.*{end}", lambda _: f"{begin}\n{part}\n\n{end}", page, flags=re.DOTALL)


def written(page: str, folder: Path) -> str:
    """`page` with every part whose figures `folder` has."""
    for name, part in PARTS.items():
        file = folder / f"{name}.json"
        if file.is_file():
            page = filled(page, name, part(_measured(file)))
    return page


def _measured(file: Path) -> dict[str, Any]:
    """The figures of `file`; where another beside it, `-later`, has a result of the same cell, mode and shape, that one."""
    measured, later = (json.loads(f.read_text(encoding="utf-8")) if f.is_file() else {} for f in (file, _later(file)))
    again = {(r["cell"], r["mode"], _shape(r)): r for r in later.get("results", ())}
    if again:
        measured["results"] = [again.get((r["cell"], r["mode"], _shape(r)), r) for r in measured["results"]]
    return measured


def _later(file: Path) -> Path:
    return file.with_stem(f"{file.stem}-later")


def main() -> None:
    """Write the page."""
    page = HERE / "performance.md"
    page.write_text(written(page.read_text(encoding="utf-8"), HERE), encoding="utf-8")


if __name__ == "__main__":
    main()
