"""Arguments that several subcommands share."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rnncc.errors import ArgumentError

Command = Callable[..., Any]


def spec_argument(function: Command) -> Command:
    """SPEC and `--set`."""
    return click.argument("spec")(settings_option(function))


def settings_option(function: Command) -> Command:
    """`--set`, given as the mapping `settings`."""
    return click.option(
        "--set",
        "settings",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_settings,
        help="An option of the cell, such as phi=relu; may be given several times.",
    )(function)


def _settings(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, object]:
    for text in given:
        if "=" not in text:
            raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE")
    return {name: _value(text) for name, _, text in (g.partition("=") for g in given)}


def _value(text: str) -> object:
    """A Python literal where `text` is one, else `text` itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def write_new(path: Path, text: str) -> None:
    """Write `text` to `path`, which must not exist yet.

    Raises
    ------
    ArgumentError
        It exists, or its folder does not or cannot be written to.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ArgumentError(f"{path} exists already and stays as it is: choose another name or remove it first") from None
    except OSError as fault:
        raise ArgumentError(f"{path} cannot be written: {fault.strerror}") from None
