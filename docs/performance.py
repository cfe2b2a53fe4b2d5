"""Writes the parts of `docs/performance.md` that follow from figures: what transforms cost, from `docs/transforms.json`, and how time,
compilation and memory grow, from `docs/growth.json`.

    python docs/performance.py

Each part stands between the comments `<!-- name -->` and `<!-- end of name -->`. One whose file is not there stays as it is.
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rnncc.bench.growth.point import Line, Series
from rnncc.bench.growth.report import TITLES, UNITS

HERE = Path(__file__).parent
SIZES = ("steps", "batch", "inputs", "hidden")
SLOPES = """\
Each cell of these tables has the figure at the smallest and at the largest size, and in brackets the slope of the logarithms over all
sizes and over the larger half of them: 0 flat, 1 in proportion."""


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


PARTS: dict[str, Callable[[dict[str, Any]], str]] = {"transforms": transforms, "growth": growth}


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
            page = filled(page, name, part(json.loads(file.read_text(encoding="utf-8"))))
    return page


def main() -> None:
    """Write the page."""
    page = HERE / "performance.md"
    page.write_text(written(page.read_text(encoding="utf-8"), HERE), encoding="utf-8")


if __name__ == "__main__":
    main()
