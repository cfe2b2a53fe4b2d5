"""Where subcommands print tables to, and the bar that shows how far they are."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

T = TypeVar("T")
WIDE = 200
"""Columns of a file or a pipe: what a program reads is not wrapped."""


def print_rows(rows: Sequence[tuple[str, ...]], *header: str) -> None:
    """Aligned columns; into a file or a pipe no narrower than they need, so that nothing wraps that a program will read."""
    table = Table(*header, show_header=bool(header), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else WIDE, highlight=False).print(table)


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """A bar on stderr where that is a terminal; lines printed meanwhile stand above it. Yields what tells it that a step begins."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    shown = console.is_terminal
    with Progress(*columns, console=console, disable=not shown, transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task("", total=total)
        begun = False

        def begin(what: str) -> None:
            nonlocal begun
            bar.update(task, description=what, advance=int(begun))
            begun = True

        yield begin


def kept(items: Iterable[T]) -> list[T]:
    """All that `items` yields; after Ctrl-C what was there by then, and a line that says so."""
    found = list[T]()
    try:
        found.extend(items)
    except KeyboardInterrupt:
        click.echo(f"interrupted: {len(found)} measured", err=True)
    return found
