"""`rnncc plot`: how gradients flow back through a cell, and what its values do meanwhile."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from rnncc.cli.console import WIDE
from rnncc.cli.files import expect_folder, expect_pictures
from rnncc.cli.options import spec_argument
from rnncc.errors import ArgumentError
from rnncc.flow.jacobian import Step
from rnncc.flow.measure import Flow, measure
from rnncc.flow.report import gradient_table, record, value_table
from rnncc.flow.subject import Subject, drawn_subject, loaded_subject

_HIDDEN, _INPUT = 64, 32
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@spec_argument
@click.option("--weights", type=click.Path(path_type=Path, dir_okay=False), help="A file of layer.save. [default: first weights]")
@click.option("--steps", type=click.IntRange(1), default=100, show_default=True, help="T.")
@click.option("--hidden", type=click.IntRange(1), help=f"H. [default: {_HIDDEN}, or as the weights have it]")
@click.option("--input", "inputs", type=click.IntRange(1), help=f"I. [default: {_INPUT}, or as the weights have it]")
@click.option("--rows", type=click.IntRange(1), default=8, show_default=True, help="Sequences: medians and quantiles are over them.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of weights, inputs and the direction of L.")
@click.option("-o", "--output", "picture", type=_FILE, help="Draw there: .png, .svg, .pdf. [default: the cell's name .png]")
@click.option("--table", "table_only", is_flag=True, help="Print figures and equations alone: no picture.")
@click.option("--json", "json_file", type=_FILE, help="Write the figures of every step there.")
def command(
    spec: str,
    settings: Mapping[str, object],
    transforms: Mapping[str, object],
    picture: Path | None,
    table_only: bool,
    json_file: Path | None,
    **given: Any,
) -> None:
    """Draw how gradients vanish or explode, and print a step's Jacobian.

    Over a sequence of normally distributed inputs: ‖∂L/∂s_t‖ of every state s before each step, L being a random direction of the last
    output, and mean and quantiles of every value that the spec names. Computed in float64. Below the table stands the symbolic Jacobian
    ∂s'/∂s of one step, diag(v) being the matrix with v along its diagonal.

    \b
    Examples:
      rnncc plot lstm
      rnncc plot elman --set phi=relu --steps 300 -o elman.svg
      rnncc plot gru --weights trained.safetensors --rows 32
      rnncc plot ./mycell.py --table --json flow.json
      rnncc plot lstm --transform layer_norm
    """
    if table_only and picture:
        raise ArgumentError("--table draws no picture: leave out one of --table and -o")
    if not table_only:
        expect_pictures("; or print the figures alone: --table")
    subject = _subject(spec, {**settings, **transforms}, given)
    name = subject.made.info.name
    picture = None if table_only else picture or Path(f"{name.lower()}.png")
    for file in filter(None, (picture, json_file)):
        expect_folder(file)
    flow, step = measure(subject, given["steps"], given["rows"], given["seed"]), Step(subject.made)
    _print(flow, step)
    if json_file:
        import_module("rnncc.bench.record").write_record(json_file, record(subject, flow, step))
    if picture:
        import_module("rnncc.flow.picture").draw(flow, name, picture)
        click.echo(f"\nwrote {picture}")


def _subject(spec: str, keywords: Mapping[str, object], given: Mapping[str, Any]) -> Subject:
    weights, inputs, hidden = given["weights"], given["inputs"], given["hidden"]
    if weights is None:
        return drawn_subject(spec, keywords, inputs or _INPUT, hidden or _HIDDEN, given["seed"])
    if inputs or hidden:
        raise ArgumentError("--input and --hidden are those of the weights: leave them out")
    return loaded_subject(spec, keywords, weights)


def _print(flow: Flow, step: Step) -> None:
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=WIDE)
    _title("‖∂L/∂s_t‖: the median over the rows, for each state s")
    console.print(gradient_table(flow.gradients))
    _title("values over all steps, rows and units")
    console.print(value_table(flow.values))
    _title("equations of a step")
    _indented(step.equations)
    for state, lines in step.jacobians.items():
        _title(f"Jacobian by {state}, whose next value is {step.next[state]}")
        _indented(lines)


def _title(text: str) -> None:
    click.secho(f"\n{text}", bold=True)


def _indented(text: str) -> None:
    click.echo("\n".join(f"  {line}" for line in text.splitlines()))
