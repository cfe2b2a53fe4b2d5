"""The command `rnncc`: one module a subcommand, loaded when it is called, so that `--help` and `doctor` never load sympy.

Exit status: 0 fine, 1 the user's mistake (its message on stderr, no traceback), 2 wrong usage.
"""

import sys
from importlib import import_module
from typing import Any

import click

from rnncc.errors import SpecError, UserError

_COMMANDS = {
    "list": "rnncc.cli.list_cells",
    "show": "rnncc.cli.show",
    "check": "rnncc.cli.check",
    "compile": "rnncc.cli.compile_cell",
    "dump": "rnncc.cli.dump",
    "plot": "rnncc.cli.plot",
    "bench": "rnncc.cli.bench",
    "new": "rnncc.cli.new",
    "warmup": "rnncc.cli.warmup",
    "doctor": "rnncc.cli.doctor",
}


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(_COMMANDS[cmd_name]).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as mistake:
            text = str(mistake)
            click.echo(text if isinstance(mistake, SpecError) else f"error: {text}", err=True)
            sys.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="rnncc")
def main() -> None:
    """A compiler for recurrent cells.

    SPEC is a name of the catalogue (`rnncc list`) or a path to a spec file.

    \b
    Examples:
      rnncc list
      rnncc show lstm
      rnncc new mycell && rnncc check mycell.py
      rnncc dump lstm --kernel backward --stage source
      rnncc compile lstm -o lstm_layer.py
    """
