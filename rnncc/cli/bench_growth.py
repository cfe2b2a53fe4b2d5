"""`rnncc bench --growth`: what grows how, as tables, JSON and pictures."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from importlib import import_module
from typing import Any

from rich.console import Console

from rnncc.bench.choose import held_to
from rnncc.bench.growth.measure import MEASURES, measured, steps
from rnncc.bench.growth.point import series
from rnncc.bench.growth.report import line, points, record, tables, wrong
from rnncc.bench.growth.setting import Found, Setting
from rnncc.bench.machine import Machine, measure_machine
from rnncc.bench.record import disagreements, surroundings
from rnncc.bench.report import machine_line
from rnncc.cli.bench_options import Options
from rnncc.cli.bench_run import Run

ALL = "all"


def run_growth(options: Options) -> None:
    """Measure, print, write what the command line asks for."""
    names = tuple(MEASURES) if ALL in options.growth else options.growth
    with held_to(options.cores):
        setting = options.setting()
        todo = steps(setting, names)
        machine = measure_machine(options.cores, options.dtype, options.seconds_a_rate)
        run = Run[Found](line, partial(_content, setting, machine), partial(_print, setting, machine), wrong)
        found = run.through(len(todo), partial(measured, todo), options.json_file)
    if options.plot_file:
        import_module("rnncc.bench.growth.plot").plot(series(points(found)), options.plot_file)
    run.judge(found)


def _content(setting: Setting, machine: Machine, found: Sequence[Found]) -> dict[str, Any]:
    plan = asdict(setting.plan) | {"dtype": setting.dtype}
    figures = {"plan": plan, "series": record(series(points(found))), "disagrees": disagreements(wrong(found))}
    return surroundings(machine, setting.threads) | figures


def _print(setting: Setting, machine: Machine, console: Console, found: Sequence[Found]) -> None:
    console.print(machine_line(machine, setting.threads, setting.dtype))
    for table in tables(series(points(found))):
        console.print()
        console.print(table)
