"""`rnncc new`: a commented spec to start from."""

import keyword
from pathlib import Path

import click

from rnncc.cli.options import write_new
from rnncc.errors import ArgumentError

TEMPLATE = '''"""{title}: say here what the cell is, which paper it is from, and which convention it follows.

The equations below are those of a minimal gated unit (Zhou et al. 2016): change them into yours, then
`rnncc check {file}` says whether every gradient is right and `rnncc show {file}` what it costs.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("{title}")

# What comes in at every step, and what the cell remembers from step to step.
# A state has the layer's hidden size unless it is given another: cell.state("p", size=cell.size("proj", default=32)).
x = cell.input("x")
h = cell.state("h")

# Parameters: cell.weight(name, rows, columns), cell.vector(name, size), cell.bias(name, size), cell.scalar(name).
# Wherever a size is asked for, anything that has one serves: h, x, concat(h, x).
W_f, U_f, b_f = cell.weight("W_f", h, x), cell.weight("U_f", h, h), cell.bias("b_f", h)
W_n, U_n, b_n = cell.weight("W_n", h, x), cell.weight("U_n", h, h), cell.bias("b_n", h)

# The equations of one step, for one unit of one sample: `*` is elementwise, `@` a matrix product.
# Each assignment names its value; the generated kernel, `rnncc dump` and `layer.trace` call it the same.
# Functions: sigmoid tanh relu softplus hard_sigmoid exp log sqrt sin cos erf Abs Max Min Mod floor clamp Piecewise surrogate.
f = sigmoid(W_f @ x + U_f @ h + b_f)
n = tanh(W_n @ x + U_n @ (f * h) + b_n)
h_new = (1 - f) * h + f * n

# What every state becomes, and what the layer gives out.
cell.next(h=h_new)
cell.output(h_new)
'''


@click.command()
@click.argument("name")
def command(name: str) -> None:
    """Write NAME.py, a commented spec to start from.

    \b
    Examples:
      rnncc new mycell
      rnncc new cells/my_gated_unit
    """
    path = Path(name).with_suffix(".py")
    if not path.stem.isidentifier() or not path.stem.isascii() or keyword.iskeyword(path.stem):
        raise ArgumentError(f"{path.stem!r} is no name for a cell: use letters, digits and underscores, a letter first")
    title = "".join(part[:1].upper() + part[1:] for part in path.stem.split("_"))
    write_new(path, TEMPLATE.format(title=title, file=path))
    click.echo(f"wrote {path}; next: rnncc check {path}")
