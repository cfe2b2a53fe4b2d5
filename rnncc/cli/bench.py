"""`rnncc bench`: this package beside the libraries that are installed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from rnncc.bench.choose import NONE, chosen_makers, held_to, missing_peers
from rnncc.bench.machine import Machine, measure_machine
from rnncc.bench.peers import PEERS
from rnncc.bench.problem import CUSTOM, SHAPES, BenchCell, Mode, Shape
from rnncc.bench.record import record, write_record
from rnncc.bench.report import machine_line, means, table
from rnncc.bench.session import Result, Session
from rnncc.bench.timing import Plan
from rnncc.cli.console import print_rows
from rnncc.errors import ArgumentError
from rnncc.runtime.machine import version_of
from rnncc.runtime.settings import usable_cores

_CELLS = ("elman", "lstm", "gru", "gru_reset_after", "lstm_peephole", CUSTOM.stem)
_MODES: tuple[Mode, ...] = ("inference", "training", "stream")
_QUICK_SHAPES = (Shape(5, 3, 8, 16),)
_QUICK_PLAN = Plan(blocks=1, seconds=0.02, rest=0.0)
_QUICK_PEERS = tuple(name for name in PEERS if name != "torch.compile")
_WIDE = 200


@dataclass(frozen=True)
class _Options:
    """What the command line gives; None or nothing where it says nothing."""

    cells: tuple[str, ...]
    shapes: tuple[str, ...]
    modes: tuple[Mode, ...]
    peers: tuple[str, ...]
    dtype: str
    threads: int | None
    blocks: int | None
    seconds: float | None
    json_file: Path | None
    plot_file: Path | None
    quick: bool

    def session(self) -> Session:
        """What is to be run. Raises `ArgumentError` or `SpecError`."""
        shapes = tuple(map(Shape.parse, self.shapes)) or (_QUICK_SHAPES if self.quick else SHAPES)
        cells = tuple(map(BenchCell.found, self.cells or _CELLS))
        peers = self.peers or (tuple(p for p in _QUICK_PEERS if p not in missing_peers()) or (NONE,) if self.quick else ())
        usual = _QUICK_PLAN if self.quick else Plan()
        plan = Plan(self.blocks or usual.blocks, self.seconds or usual.seconds, usual.rest)
        return Session(cells, shapes, self.modes or _MODES, chosen_makers(peers), self.dtype, self.cores, plan)

    @property
    def cores(self) -> int:
        """Threads of every contender."""
        return self.threads or usable_cores()


@click.command()
@click.option("--cell", "cells", multiple=True, help=f"A name, `custom`, or a path; repeatable. [default: {', '.join(_CELLS)}]")
@click.option("--shape", "shapes", multiple=True, metavar="T,N,I,H", help="Repeatable. [default: ten shapes from one step to large]")
@click.option("--mode", "modes", multiple=True, type=click.Choice(_MODES), help="Repeatable. [default: all]")
@click.option("--peer", "peers", multiple=True, help=f"Repeatable: {', '.join(PEERS)}, or {NONE}. [default: what is installed]")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@click.option("--threads", type=click.IntRange(1), help="Of every contender: the process is held to as many cores. [default: all]")
@click.option("--blocks", type=click.IntRange(1), help="How many a contender. [default: 5]")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Of a block, after 0.3 of rest. [default: 0.3]")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write all figures there.")
@click.option("--plot", "plot_file", type=click.Path(path_type=Path, dir_okay=False), help="Draw a bar chart there: .png, .svg, .pdf.")
@click.option("--quick", is_flag=True, help="A tiny shape, one short block, nothing slow to compile: does it run at all?")
def command(**given: Any) -> None:
    """Time rnncc beside PyTorch, JAX and ONNX Runtime, in one process, with the same weights and threads.

    Every contender's results are checked before it is timed. They run in short blocks in turn, each after a rest, and the best block's
    median counts; a ratio under 1.05 is measured twice more. All of it takes about an hour: leave the machine alone meanwhile.

    \b
    Examples:
      rnncc bench --quick
      rnncc bench --cell lstm --shape 100,32,128,128 --mode inference --peer pytorch
      rnncc bench --cell ./mycell.py --json figures.json --plot figures.png
    """
    options = _Options(**given)
    for file in filter(None, (options.json_file, options.plot_file)):
        _expect_folder(file)
    plot = _plotter() if options.plot_file else None
    with held_to(options.cores):
        session = options.session()
        machine = measure_machine(options.cores, options.dtype, 0.02 if options.quick else 0.5)
        results = _run(session, machine)
    _print(session, machine, results)
    if options.json_file:
        write_record(options.json_file, record(session, machine, results))
    if plot:
        plot(results, options.plot_file)


def _expect_folder(file: Path) -> None:
    """Figures that took an hour must not be lost for want of a folder."""
    if not file.absolute().parent.is_dir():
        raise ArgumentError(f"{file} cannot be written: there is no folder {file.absolute().parent}")


def _plotter() -> Callable[..., None]:
    if version_of("matplotlib") is None:
        raise ArgumentError("--plot needs matplotlib: pip install 'rnncc[plot]'")
    draw: Callable[..., None] = import_module("rnncc.bench.plot").plot
    return draw


def _run(session: Session, machine: Machine) -> list[Result]:
    """Every result, under a progress bar on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not Console(stderr=True).is_terminal) as progress:
        task = progress.add_task("", total=len(session.problems()))
        results = []
        for result in session.run(machine, lambda problem: progress.update(task, description=str(problem))):
            results.append(result)
            progress.advance(task)
    return results


def _print(session: Session, machine: Machine, results: Sequence[Result]) -> None:
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=_WIDE)
    console.print(machine_line(machine, session.threads, session.dtype))
    console.print(f"contenders: {', '.join(session.makers)}")
    for name, packages in missing_peers().items():
        console.print(f"not installed: {name} ({', '.join(packages)})")
    console.print(table(results, list(session.makers)))
    if any(r.ratio for r in results):
        print_rows(means(results), "mode", "cell", "geometric mean of best peer / rnncc")
