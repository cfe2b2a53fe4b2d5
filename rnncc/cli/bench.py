"""`rnncc bench`: this package beside the libraries that are installed."""

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from rnncc.bench.choose import NONE, held_to, missing_peers
from rnncc.bench.growth.measure import MEASURES
from rnncc.bench.machine import Machine, measure_machine
from rnncc.bench.peers import PEERS
from rnncc.bench.record import record
from rnncc.bench.report import lines, machine_line, means, table, wrong
from rnncc.bench.session import Result, Session
from rnncc.cli.bench_device import run_device
from rnncc.cli.bench_growth import ALL, run_growth
from rnncc.cli.bench_options import ALL_CELLS, CELLS, CPU, CUDA, MODES, PRECISIONS, Options
from rnncc.cli.bench_run import Run
from rnncc.cli.bench_transforms import run_transforms
from rnncc.cli.console import print_rows
from rnncc.cli.files import expect_folder, expect_pictures
from rnncc.cli.options import settings_option, transforms_option
from rnncc.errors import ArgumentError


@click.command()
@click.option(
    "--cell", "cells", multiple=True, help=f"A name, `custom`, a path, or {ALL_CELLS}; repeatable. [default: {', '.join(CELLS)}]"
)
@click.option("--shape", "shapes", multiple=True, metavar="T,N,I,H", help="Repeatable. [default: ten shapes from one step to large]")
@click.option("--mode", "modes", multiple=True, type=click.Choice(MODES), help="Repeatable. [default: all]")
@click.option("--peer", "peers", multiple=True, help=f"Repeatable: {', '.join(PEERS)}, or {NONE}. [default: what is installed]")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@click.option("--threads", type=click.IntRange(1), help="Of every contender: the process is held to as many cores. [default: all]")
@click.option("--blocks", type=click.IntRange(1), help="How many a contender. [default: 5]")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Of a block, after 0.3 of rest. [default: 0.3]")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write all figures there.")
@click.option("--plot", "plot_file", type=click.Path(path_type=Path, dir_okay=False), help="Draw a bar chart there: .png, .svg, .pdf.")
@click.option(
    "--growth",
    multiple=True,
    is_flag=False,
    flag_value=ALL,
    type=click.Choice([*MEASURES, ALL]),
    help=f"How figures grow instead, along T, N and H: time, compilation, memory. Repeatable. [of {', '.join(MEASURES)}; alone: {ALL}]",
)
@click.option("--device", type=click.Choice([CPU, CUDA]), default=CPU, show_default=True, help="Where everybody computes.")
@click.option(
    "--precision",
    "precisions",
    multiple=True,
    type=click.Choice(PRECISIONS),
    help="Of products on a device. Repeatable. [default: all]",
)
@click.option("--calibrate", is_flag=True, help="Instead, with --device cuda: measure what plans of time loops assume of a device.")
@settings_option
@transforms_option
@click.option("--quick", is_flag=True, help="A tiny shape, one short block, nothing slow to compile: does it run at all?")
def command(**given: Any) -> None:
    """Time rnncc beside PyTorch, JAX and ONNX Runtime, in one process, with the same weights and threads.

    Every contender's results are checked before it is timed; one that disagrees is told, and not timed, and the exit status is 1 in the
    end. They run in short blocks in turn, each after a rest, and the best block's median counts; a ratio under 1.05 is measured twice
    more. All of it takes an hour or two, --growth twenty minutes: leave the machine alone meanwhile. --json is written as it goes.

    With --device cuda everything is timed between events of the device, with cold caches, in every precision.

    With --transform each of the transforms by itself is timed beside the plain cell, random masks being drawn in training.

    \b
    Examples:
      rnncc bench --quick
      rnncc bench --cell lstm --shape 100,32,128,128 --mode inference --peer pytorch
      rnncc bench --cell slstm --set heads=4 --peer jax
      rnncc bench --cell ./mycell.py --json figures.json --plot figures.png
      rnncc bench --growth --json growth.json --plot growth.svg
      rnncc bench --growth T --growth memory --cell gru --peer none
      rnncc bench --cell lstm --transform layer_norm --transform zoneout=0.1
      rnncc bench --device cuda --cell lstm --shape 1024,16,768,768 --json figures.json
      rnncc bench --device cuda --calibrate
    """
    options = Options(**given)
    for file in filter(None, (options.json_file, options.plot_file)):
        expect_folder(file)
    if options.plot_file:
        expect_pictures()
    if options.device == CUDA:
        run_device(options)
        return
    if options.precisions or options.calibrate:
        raise ArgumentError("--precision and --calibrate are for --device cuda: add that, or leave them out")
    if options.transforms:
        run_transforms(options)
        return
    if options.growth:
        run_growth(options)
        return
    _run_session(options)


def _run_session(options: Options) -> None:
    with held_to(options.cores):
        session = options.session()
        problems, measuring = len(session.problems()), session.measuring  # a shape that a cell does not have is told now
        machine = measure_machine(options.cores, options.dtype, options.seconds_a_rate)
        run = Run[Result](lines, partial(record, session, machine), partial(_print, session, machine), wrong)
        results = run.through(problems, partial(session.run, machine), options.json_file, measuring)
    if options.plot_file:
        import_module("rnncc.bench.plot").plot(results, options.plot_file)
    run.judge(results)


def _print(session: Session, machine: Machine, console: Console, results: Sequence[Result]) -> None:
    console.print(machine_line(machine, session.threads, session.dtype))
    console.print(f"contenders: {', '.join(session.makers)}")
    for name, packages in missing_peers().items():
        console.print(f"not installed: {name} ({', '.join(packages)})")
    console.print(table(results, list(session.makers)))
    if any(r.ratio for r in results):
        print_rows(means(results), "mode", "cell", "geometric mean of best peer / rnncc")
