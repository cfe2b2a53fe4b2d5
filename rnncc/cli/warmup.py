"""`rnncc warmup`: fill the cache ahead, so that a later process compiles nothing."""

import time
from collections.abc import Callable, Mapping

import click

from rnncc import catalogue
from rnncc.cli.console import progress
from rnncc.cli.options import settings_option, transforms_option
from rnncc.cli.warming import KERNELS, Warming
from rnncc.errors import ArgumentError
from rnncc.runtime import cache_directory
from rnncc.runtime.settings import DTYPES


@click.command()
@click.argument("specs", metavar="SPEC…", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every cell of the catalogue.")
@click.option("--dtype", "dtypes", multiple=True, type=click.Choice(DTYPES), default=DTYPES[:1], show_default=True, help="Repeatable.")
@click.option(
    "--kernel",
    "kernels",
    multiple=True,
    type=click.Choice(KERNELS),
    default=("inference", "forward", "backward"),
    show_default=True,
    help="Repeatable. Training takes forward and backward.",
)
@settings_option
@transforms_option
def command(
    specs: tuple[str, ...],
    everything: bool,
    dtypes: tuple[str, ...],
    kernels: tuple[str, ...],
    settings: Mapping[str, object],
    transforms: Mapping[str, object],
) -> None:
    """Compile cells ahead and keep their kernels, so that a later process starts at once; they serve every size.

    One line a cell: how long it took, or that all was there.

    \b
    Examples:
      rnncc warmup lstm gru
      rnncc warmup --all --dtype float32 --dtype float64
      rnncc warmup ./mycell.py --set depth=3 --kernel inference
      rnncc warmup lstm --kernel inference --set weight_dtype=bfloat16
      rnncc warmup gru --transform layer_norm --transform recurrent_dropout=0.3
    """
    if bool(specs) == everything:
        raise click.UsageError("give SPEC…, or --all for the whole catalogue" if not everything else "give SPEC… or --all, not both")
    names = catalogue.names() if everything else tuple(dict.fromkeys(specs))
    for name in names:
        catalogue.find(name)  # a name that is wrong is told before anything is compiled
    _expect_cache()
    warmings = [Warming(name, settings, tuple(dict.fromkeys(dtypes)), tuple(dict.fromkeys(kernels)), transforms) for name in names]
    wide = max(map(len, names))
    with progress(sum(w.runs for w in warmings)) as steps:
        for warming in warmings:
            click.echo(f"{warming.spec:{wide}}  {_outcome(warming, steps.begin)}")


def _expect_cache() -> None:
    """What is compiled into a directory for this process alone helps no other."""
    directory = cache_directory.wanted()
    try:
        cache_directory.prepare(directory)
    except OSError as fault:
        raise ArgumentError(
            f"the kernel cache {directory} cannot be used: {fault}; set {cache_directory.ENVIRONMENT} to a directory of your own"
        ) from None


def _outcome(warming: Warming, begin: Callable[[str], None]) -> str:
    """Run it, and say what came of it."""
    start = time.perf_counter()
    compiled = warming.run(begin)
    seconds = time.perf_counter() - start
    return f"{seconds:.1f} s, {compiled} functions compiled" if compiled else f"already there ({seconds:.2f} s)"
