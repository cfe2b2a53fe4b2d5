"""`rnncc check`: is a spec valid, its gradient right, and does every backend compute what it says?"""

import sys
from collections.abc import Mapping

import click

from rnncc.cli.checks import Finding, findings
from rnncc.cli.compiled import compiled
from rnncc.cli.options import spec_argument
from rnncc.modules import load_module


@click.command()
@spec_argument
def command(spec: str, settings: Mapping[str, object], transforms: Mapping[str, object]) -> None:
    """Validate a spec, compare every backend with the interpreter, check the gradients; one line a check.

    \b
    Examples:
      rnncc check lstm
      rnncc check ./mycell.py --set depth=3
      rnncc check gru --transform layer_norm --transform zoneout=0.1
    """
    made = compiled(spec, settings, transforms)
    _print(Finding("spec", True, f"{made.info.name}: {len(made.primal.nodes)} values, {len(made.info.parameters)} parameters"))
    results = []
    for finding in findings(made, load_module(spec, settings, made.transforms)):
        _print(finding)
        results.append(finding.fine)
    if not all(results):
        click.echo(f"error: {results.count(False)} of {len(results)} checks fail", err=True)
        sys.exit(1)


def _print(finding: Finding) -> None:
    mark = click.style("ok  ", fg="green") if finding.fine else click.style("FAIL", fg="red", bold=True)
    click.echo(f"{mark}  {finding.what:50}  {finding.figure}")
