"""Where subcommands print tables to, and the bar that shows how far they are."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

T = TypeVar("T")
WIDE = 200
"""Columns of a file or a pipe: what a program reads is not wrapped."""


def print_rows(rows: Sequence[tuple[str, ...]], *header: str) -> None:
    """Aligned columns; into a file or a pipe no narrower than they need, so that nothing wraps that a program will read."""
    table = Table(*header, show_header=bool(header), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(escape, row))
    Console(width=None if sys.stdout.isatty() else WIDE, highlight=False).print(table)


class Steps:
    """How far a long command is."""

    def __init__(self, bar: Progress, total: int, clock: Callable[[], float]) -> None:
        self._bar, self._total, self._clock = bar, total, clock
        self._task = bar.add_task("", total=total)
        self._start, self._begun = clock(), 0

    def begin(self, what: str) -> None:
        """The next step begins."""
        self._bar.update(self._task, description=what, completed=self._begun)
        self._begun += 1

    def tell(self, line: str) -> None:
        """`line` of the step that has ended, with its number and what is left; nothing where all who look on see the bar."""
        self.say(f"{self._begun}/{self._total} {line}; {self._left}")

    def say(self, line: str) -> None:
        """`line` on stderr, above the bar where there is one; nothing where all who look on see the bar."""
        if not (self._bar.console.is_terminal and sys.stdout.isatty()):
            self._bar.console.print(line, soft_wrap=True, highlight=False, markup=False)

    @property
    def _left(self) -> str:
        """The steps to come, if they take as long as those that were."""
        steps = self._total - self._begun
        return f"about {duration((self._clock() - self._start) / self._begun * steps)} left" if steps else "done"


def duration(seconds: float) -> str:
    """Seconds below two minutes, else minutes."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


@contextmanager
def progress(total: int, clock: Callable[[], float] = time.monotonic) -> Iterator[Steps]:
    """A bar on stderr where that is a terminal; lines printed meanwhile stand above it. Where stdout or stderr is no terminal, what is
    told to the `Steps` that this yields is printed on stderr, line by line.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    shown = console.is_terminal
    with Progress(*columns, console=console, disable=not shown, transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        yield Steps(bar, total, clock)


def kept(items: Iterable[T], found: list[T], each: Callable[[T], object]) -> None:
    """Append all that `items` yields to `found`, and give each to `each`; after Ctrl-C no more, and a line that says so."""
    try:
        for item in items:
            found.append(item)
            each(item)
    except KeyboardInterrupt:
        click.echo(f"interrupted: {len(found)} measured", err=True)
