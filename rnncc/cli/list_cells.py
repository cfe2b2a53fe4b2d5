"""`rnncc list`: the catalogue."""

import ast
from pathlib import Path

import click

from rnncc import catalogue
from rnncc.cli.console import print_rows


@click.command()
def command() -> None:
    """List the cells of the catalogue.

    \b
    Example:
      rnncc list
    """
    print_rows([(name, _first_line(catalogue.find(name))) for name in catalogue.names()], "name", "cell")


def _first_line(path: Path) -> str:
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return doc.partition("\n")[0]
