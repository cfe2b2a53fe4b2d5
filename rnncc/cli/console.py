"""Where subcommands print tables to."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

_WIDE = 160


def print_rows(rows: Sequence[tuple[str, ...]], *header: str) -> None:
    """Aligned columns; into a file or a pipe no narrower than they need, so that nothing wraps that a program will read."""
    table = Table(*header, show_header=bool(header), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False).print(table)
