"""Arguments that several subcommands share."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rnncc.errors import ArgumentError
from rnncc.runtime.keywords import TRANSFORMS, suggestion

Command = Callable[..., Any]


def spec_argument(function: Command) -> Command:
    """SPEC, `--set` and `--transform`."""
    return click.argument("spec")(settings_option(transforms_option(function)))


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
        if text.partition("=")[0] in TRANSFORMS:
            raise ArgumentError(f"--set {text}: that is a transform, not an option of the cell; use --transform {text}")
    return {name: _value(text) for name, _, text in (g.partition("=") for g in given)}


def transforms_option(function: Command) -> Command:
    """`--transform`, given as the mapping `transforms`: keywords as of `rnncc.RNN`."""
    return click.option(
        "--transform",
        "transforms",
        metavar="NAME[=VALUE]",
        multiple=True,
        callback=lambda _context, _parameter, given: dict(map(transform, given)),
        help=f"A transform of any cell, as a keyword of rnncc.RNN; may be given several times. One of {', '.join(TRANSFORMS)}.",
    )(function)


def transform(text: str) -> tuple[str, object]:
    """Name and value of a transform written as NAME or NAME=VALUE; NAME alone is True. Raises `ArgumentError` for an unknown one."""
    name, given, value = text.partition("=")
    if name not in TRANSFORMS:
        raise ArgumentError(f"no transform is called {name!r}{suggestion(name, TRANSFORMS)}")
    return name, _value(value) if given else True


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
