"""`rnncc dump`: any stage of a cell on its way, for any target."""

from collections.abc import Mapping

import click

from rnncc.cli.compiled import compiled
from rnncc.cli.device_code import device_code
from rnncc.cli.machine_code import machine_code
from rnncc.cli.options import spec_argument
from rnncc.compiler import Compilation
from rnncc.emit.jax import jax_source
from rnncc.emit.latex import latex
from rnncc.emit.numpy.source import numpy_source
from rnncc.emit.torch import torch_source
from rnncc.errors import ArgumentError
from rnncc.passes import hoist_sums
from rnncc.runtime.cuda.assemble import ARCHITECTURES

_STAGES = {
    "numpy": ("spec", "ir", "source"),
    "cpu": ("spec", "ir", "phases", "source", "llvm", "asm"),
    "cuda": ("spec", "ir", "phases", "source", "ptx", "sass"),
    "torch": ("spec", "ir", "source"),
    "jax": ("spec", "ir", "source"),
    "latex": ("spec", "ir", "source"),
}


@click.command()
@spec_argument
@click.option("--target", type=click.Choice(list(_STAGES)), default="cpu", show_default=True)
@click.option("--kernel", type=click.Choice(["inference", "forward", "backward"]), default="forward", show_default=True)
@click.option(
    "--stage",
    type=click.Choice(list(dict.fromkeys(s for kinds in _STAGES.values() for s in kinds))),
    default="source",
    show_default=True,
)
@click.option(
    "--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True, help="Of stages llvm, asm, ptx, sass."
)
@click.option("--arch", type=click.Choice(ARCHITECTURES), default="sm_80", show_default=True, help="Of stages ptx and sass.")
def command(
    spec: str,
    settings: Mapping[str, object],
    transforms: Mapping[str, object],
    target: str,
    kernel: str,
    stage: str,
    dtype: str,
    arch: str,
) -> None:
    """Print one stage of a cell on its way to a kernel.

    \b
    Examples:
      rnncc dump lstm --kernel backward --stage ir
      rnncc dump lstm --stage asm --dtype float64
      rnncc dump gru --target latex --kernel backward
      rnncc dump gru --target cuda
      rnncc dump gru --target cuda --kernel backward --stage sass --arch sm_90
      rnncc dump gru --target torch
      rnncc dump gru --transform recurrent_dropout=0.3 --stage ir
    """
    if stage not in _STAGES[target]:
        raise ArgumentError(f"target {target} has no stage {stage}; it has {', '.join(_STAGES[target])}")
    made = compiled(spec, settings, transforms)
    click.echo(_text(made, target, kernel, stage, dtype, arch))


def _text(made: Compilation, target: str, kernel: str, stage: str, dtype: str, arch: str) -> str:
    if stage == "spec":
        return made.spec.source.rstrip("\n")
    if stage in ("llvm", "asm"):
        return machine_code(made, kernel, stage, dtype)
    if stage in ("ptx", "sass"):
        return device_code(made, kernel, stage, dtype, arch)
    if stage == "source" and target != "cpu":
        return _SOURCES[target](made, kernel)
    return made.stages(kernel)[stage]


def _numpy(made: Compilation, kernel: str) -> str:
    return numpy_source(made.program(kernel), kernel)


def _latex(made: Compilation, kernel: str) -> str:
    """The primal for inference and forward, what the gradient adds for backward."""
    prefix = made.info.cotangent
    named = [*made.spec.named, *(prefix + name for name in made.spec.named)]
    if kernel == "backward":
        trained, joint = made.written
        return latex(joint, named, known=trained, prefix=prefix)
    return latex(made.primal, named, prefix=prefix)


def _torch(made: Compilation, _kernel: str) -> str:
    """One source for every kernel: PyTorch derives the gradient itself."""
    return torch_source(hoist_sums(made.inference), made.info.named)


def _jax(made: Compilation, _kernel: str) -> str:
    """As for PyTorch."""
    return jax_source(hoist_sums(made.inference), made.info.named)


def _cuda(made: Compilation, _kernel: str) -> str:
    """One module for every kernel, as of the CPU."""
    return made.cuda_source


_SOURCES = {"numpy": _numpy, "cuda": _cuda, "torch": _torch, "jax": _jax, "latex": _latex}
