"""Results as a table, and their geometric means."""

from collections.abc import Callable, Mapping, Sequence
from statistics import geometric_mean

from rich.table import Table

from rnncc.bench.contender import Disagreement
from rnncc.bench.machine import Machine
from rnncc.bench.session import Result

Figures = Mapping[str, Callable[[Result], str]]
"""Columns of a table: title, and what stands there."""
WELL_SERVED = 1.15
"""A cell that takes at most so many times what the LSTM's rates promise is not second class."""


def table(results: Sequence[Result], names: Sequence[str]) -> Table:
    """One row a problem; `names` are the contenders, in the order of the columns."""
    figures: Figures = {"GFLOP/s": _rate, "share of limit": _share, "cost": lambda r: _cost(r.cost)}
    return table_of(results, names, figures, "cost: time of rnncc / what its LSTM's rates promise, at most 1.15 is the aim")


def table_of(results: Sequence[Result], names: Sequence[str], figures: Figures, caption: str) -> Table:
    """As `table`, with `figures` of each result between the ratio and what it takes to be ready."""
    last = "ready: s until the first result, compiling included, in the same order"
    made = Table(box=None, pad_edge=False, caption=f"times in ms; {caption}; {last}")
    for title in ("cell", "mode", "T,N,I,H"):
        made.add_column(title, no_wrap=True)
    for title in (*names, "best peer ×", *figures, "ready"):
        made.add_column(title, justify="right", no_wrap=True)
    for r in results:
        made.add_row(*_row(r, names, figures))
    return made


def _row(r: Result, names: Sequence[str], figures: Figures) -> list[str]:
    """`-` where a contender does not serve the problem."""
    ready = " / ".join(f"{r.entries[name].ready:.2f}" if name in r.entries else "-" for name in names)
    where = str(r.problem.shape).strip("()")
    times = [_time(r, name) for name in names]
    return [r.problem.cell.name, r.problem.kind, where, *times, _ratio(r.ratio), *(figure(r) for figure in figures.values()), ready]


def _time(r: Result, name: str) -> str:
    wrong = {d.contender: d for d in r.wrong}
    if name in wrong:
        return "[red]fails[/]" if wrong[name].failed else f"[red]disagrees, {wrong[name].error:.1e}[/]"
    return milliseconds(r.entries[name].timing.best) if name in r.entries else "-"


def lines(r: Result) -> list[str]:
    """Every contender in words."""
    timed = [f"{r.problem}: {name} {milliseconds(e.timing.best)} ms" for name, e in r.entries.items()]
    return timed + [f"{d}; not timed" for d in r.wrong]


def wrong(results: Sequence[Result]) -> list[Disagreement]:
    """Contenders that were not timed."""
    return [d for r in results for d in r.wrong]


def milliseconds(seconds: float) -> str:
    """`seconds` in ms, three digits of them."""
    return f"{1e3 * seconds:.3g}" if seconds < 1 else f"{1e3 * seconds:.0f}"


def _rate(r: Result) -> str:
    """GFLOP/s."""
    return f"{r.flops / r.own / 1e9:.3g}" if r.own else "-"


def _share(r: Result) -> str:
    """The share of the limit that binds."""
    return f"{100 * r.share:.2g} % {r.limit.what}" if r.share is not None else "-"


def _ratio(ratio: float | None) -> str:
    if ratio is None:
        return "-"
    return f"[{'green' if ratio >= 1 else 'red'}]{ratio:.2f}[/]"


def _cost(cost: float | None) -> str:
    if cost is None:
        return "-"
    return f"[{'green' if cost <= WELL_SERVED else 'red'}]{cost:.2f}[/]"


def means(results: Sequence[Result]) -> list[tuple[str, str, str]]:
    """(mode, cell, geometric mean of the ratios to the best peer), and a line for all cells of a mode."""
    lines: list[tuple[str, str, str]] = []
    for kind in dict.fromkeys(r.problem.kind for r in results):
        of_kind = [r for r in results if r.problem.kind == kind and r.ratio]
        cells = dict.fromkeys(r.problem.cell.name for r in of_kind)
        lines += [(kind, cell, _mean([r for r in of_kind if r.problem.cell.name == cell])) for cell in cells]
        lines += [(kind, "all", _mean(of_kind))] if of_kind else []
    return lines


def _mean(results: Sequence[Result]) -> str:
    return f"{geometric_mean(r.ratio for r in results if r.ratio):.2f}"


def machine_line(machine: Machine, threads: int, dtype: str) -> str:
    """The measured rates in one line."""
    reading = ", ".join(f"{size >> 10} KiB {rate / 1e9:.0f}" for size, rate in machine.reading)
    return (
        f"{threads} threads, {dtype}: FMA peak {machine.flops / 1e9:.0f} GFLOP/s; memory (triad) {machine.memory / 1e9:.0f} GB/s; "
        f"reading, by bytes a thread: {reading} GB/s; elementwise {machine.elementwise / 1e9:.0f} GOP/s; "
        f"barrier {1e6 * machine.barrier:.2f} µs"
    )
