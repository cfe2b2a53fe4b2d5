"""`rnncc warmup`: fill the cache ahead, so that a later process compiles nothing."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from rnncc import catalogue
from rnncc.cli.options import settings_option
from rnncc.cli.warming import KERNELS, Warming
from rnncc.errors import ArgumentError
from rnncc.runtime import cache_directory
from rnncc.runtime.settings import DTYPES


@click.command()
@click.argument("specs", metavar="SPEC…", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every cell of the catalogue.")
@click.option("--dtype", "dtypes", multiple=True, type=click.Choice(DTYPES), default=DTYPES[:1], show_default=True, help="Repeatable.")
@click.option(
    "--kernel",
    "kernels",
    multiple=True,
    type=click.Choice(KERNELS),
    default=("inference", "forward", "backward"),
    show_default=True,
    help="Repeatable. Training takes forward and backward.",
)
@settings_option
def command(
    specs: tuple[str, ...], everything: bool, dtypes: tuple[str, ...], kernels: tuple[str, ...], settings: Mapping[str, object]
) -> None:
    """Compile cells ahead and keep their kernels, so that a later process starts at once; they serve every size.

    One line a cell: how long it took, or that all was there.

    \b
    Examples:
      rnncc warmup lstm gru
      rnncc warmup --all --dtype float32 --dtype float64
      rnncc warmup ./mycell.py --set depth=3 --kernel inference
    """
    if bool(specs) == everything:
        raise click.UsageError("give SPEC…, or --all for the whole catalogue" if not everything else "give SPEC… or --all, not both")
    names = catalogue.names() if everything else tuple(dict.fromkeys(specs))
    for name in names:
        catalogue.find(name)  # a name that is wrong is told before anything is compiled
    _expect_cache()
    warmings = [Warming(name, settings, tuple(dict.fromkeys(dtypes)), tuple(dict.fromkeys(kernels))) for name in names]
    wide = max(map(len, names))
    with _progress(sum(w.runs for w in warmings)) as (progress, task):
        for warming in warmings:
            click.echo(f"{warming.spec:{wide}}  {_outcome(warming, progress, task)}")


def _expect_cache() -> None:
    """What is compiled into a directory for this process alone helps no other."""
    directory = cache_directory.wanted()
    try:
        cache_directory.prepare(directory)
    except OSError as fault:
        raise ArgumentError(
            f"the kernel cache {directory} cannot be used: {fault}; set {cache_directory.ENVIRONMENT} to a directory of your own"
        ) from None


@contextmanager
def _progress(runs: int) -> Iterator[tuple[Progress, TaskID]]:
    """A bar on stderr where that is a terminal; lines printed meanwhile stand above it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    both = sys.stdout.isatty()
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True, redirect_stdout=both) as progress:
        yield progress, progress.add_task("", total=runs)


def _outcome(warming: Warming, progress: Progress, task: TaskID) -> str:
    """Run it, and say what came of it."""
    start = time.perf_counter()
    begun = 0

    def started(what: str) -> None:
        nonlocal begun
        progress.update(task, description=what, advance=min(begun, 1))
        begun += 1

    compiled = warming.run(started)
    progress.advance(task)
    seconds = time.perf_counter() - start
    return f"{seconds:.1f} s, {compiled} functions compiled" if compiled else f"already there ({seconds:.2f} s)"
