"""`rnncc bench --transform`: what transforms of a cell cost, as a table and JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from rich.console import Console

from rnncc.bench.choose import held_to
from rnncc.bench.machine import Machine, measure_machine
from rnncc.bench.record import disagreements, surroundings
from rnncc.bench.report import machine_line
from rnncc.bench.transforms import Comparison, Found, costs, line, record, table, wrong
from rnncc.cli.bench_options import Options
from rnncc.cli.bench_run import Run


def run_transforms(options: Options) -> None:
    """Measure, print, write what the command line asks for."""
    with held_to(options.cores):
        comparison = options.comparison()
        todo = comparison.problems()
        machine = measure_machine(options.cores, options.dtype, options.seconds_a_rate)
        run = Run[Found](line, partial(_content, comparison, machine), partial(_print, comparison, machine), wrong)
        found = run.through(len(todo), partial(comparison.run, todo), options.json_file, comparison.measuring)
    run.judge(found)


def _content(comparison: Comparison, machine: Machine, found: Sequence[Found]) -> dict[str, Any]:
    plan = asdict(comparison.plan) | {"dtype": comparison.dtype}
    figures = {"plan": plan, "transforms": record(costs(found)), "disagrees": disagreements(wrong(found))}
    return surroundings(machine, comparison.threads) | figures


def _print(comparison: Comparison, machine: Machine, console: Console, found: Sequence[Found]) -> None:
    console.print(machine_line(machine, comparison.threads, comparison.dtype))
    console.print(table(costs(found)))
