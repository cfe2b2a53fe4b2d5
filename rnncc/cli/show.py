"""`rnncc show`: what a cell is, what its gradient is, what its recurrence is like, what it costs."""

from collections.abc import Mapping

import click
import sympy as sp

from rnncc.cli.compiled import compiled
from rnncc.cli.console import print_rows
from rnncc.cli.options import spec_argument
from rnncc.compiler import Compilation
from rnncc.emit.equations import text
from rnncc.ir.flops import step_flops
from rnncc.ir.streams import step_numbers
from rnncc.runtime.cell_info import Axes, CellInfo
from rnncc.spec import CellSpec
from rnncc.structure import lines


@click.command()
@spec_argument
def command(spec: str, settings: Mapping[str, object], transforms: Mapping[str, object]) -> None:
    """Print a cell's equations, its derived gradient, what was found of its structure, its parameters and sizes, its FLOPs
    and streams per step.

    \b
    Examples:
      rnncc show lstm
      rnncc show elman --set phi=relu
      rnncc show ./mycell.py
      rnncc show lstm --transform layer_norm --transform zoneout=0.1
    """
    made = compiled(spec, settings, transforms)
    info = made.info
    _about(made.spec, info)
    _section("equations of a step", text(made.primal, made.spec.named))
    trained, joint = made.written
    if info.batch_means:
        _section("in training, for the n_live steps of a batch", text(trained, made.spec.named))
    _section(f"gradient ({info.cotangent}v: gradient by v)", text(joint, _named(made.spec, info.cotangent), known=trained))
    _section("structure", "\n".join(lines(made.structure, scans=made.scans)))
    _parameters(info)
    _costs(made)


def _about(cell: CellSpec, info: CellInfo) -> None:
    click.secho(info.name, bold=True)
    click.echo(info.doc.strip())
    if cell.options:
        _section("options", "\n".join(f"{o.name} = {o.value}{_choices(o.choices)}" for o in cell.options.values()))
    if info.constants:
        _section("constants", "\n".join(f"{name} = {value}" for name, value in info.constants.items()))


def _choices(choices: tuple[object, ...]) -> str:
    return f"  (of {', '.join(map(str, choices))})" if choices else ""


def _named(cell: CellSpec, prefix: str) -> list[str]:
    return [*cell.named, *(prefix + name for name in cell.named)]


def _section(title: str, body: str) -> None:
    click.secho(f"\n{title}", bold=True)
    click.echo("\n".join(f"  {line}" for line in body.splitlines()))


def _parameters(info: CellInfo) -> None:
    click.secho("\nparameters and states", bold=True)
    means = {m.name for m in info.batch_means}
    rows = [_row(p.name, p.axes, " ".join(_marks(p.bias, p.frozen, p.name in means))) for p in info.parameters]
    rows += [
        _row(s.name, s.axes, "number of the step" if s.counts else f"state, from {s.learned or f'{s.initial:g}'}") for s in info.states
    ]
    rows += [_row(m.name, m.axes, f"random mask, drawn once a {m.per}, 1 with probability {m.rate}") for m in info.masks]
    rows += [_row(name, axes, "further input") for name, axes in info.inputs[1:]]
    rows += [_row(m.name, (m.positions, m.size), "memory, of as many positions as are given") for m in info.memories]
    rows += [
        (f"  {name}", "size", "given with the layer" if size is None else f"{size} by default") for name, size in info.sizes.items()
    ]
    print_rows(rows)


def _row(name: str, axes: Axes, what: str) -> tuple[str, str, str]:
    return f"  {name}", "×".join(axes) or "1", what


def _marks(bias: bool, frozen: bool, mean: bool) -> list[str]:
    return ["bias"] * bias + ["in training the mean over the batch, else"] * mean + ["frozen"] * frozen


def _costs(made: Compilation) -> None:
    click.secho("\nFLOPs per step and sample", bold=True)
    flops = {"forward": step_flops(made.primal), "backward": step_flops(made.joint, known=made.training)}
    print_rows([(f"  {sweep}", formula(cost)) for sweep, cost in flops.items()])
    click.secho("\nnumbers read and written per step and sample, parameters and states apart", bold=True)
    print_rows([(f"  {kernel}", formula(step_numbers(made.program(kernel)))) for kernel in ("inference", "forward", "backward")])


def formula(counted: sp.Expr) -> str:
    """A count as a polynomial in the sizes, `8·hidden² + 4·hidden`."""
    return str(counted).replace("**2", "²").replace("*", "·")
