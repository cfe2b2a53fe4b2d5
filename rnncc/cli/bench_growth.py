"""`rnncc bench --growth`: what grows how, as tables, JSON and pictures."""

from dataclasses import asdict
from importlib import import_module

from rich.console import Console

from rnncc.bench.choose import held_to
from rnncc.bench.growth.measure import MEASURES, measured, steps
from rnncc.bench.growth.point import series
from rnncc.bench.growth.report import record, tables
from rnncc.bench.machine import measure_machine
from rnncc.bench.record import surroundings, write_record
from rnncc.bench.report import machine_line
from rnncc.cli.bench_options import Options
from rnncc.cli.console import WIDE, kept, progress

ALL = "all"


def run_growth(options: Options) -> None:
    """Measure, print, write what the command line asks for."""
    names = tuple(MEASURES) if ALL in options.growth else options.growth
    with held_to(options.cores):
        setting = options.setting()
        todo = steps(setting, names)
        machine = measure_machine(options.cores, options.dtype, options.seconds_a_rate)
        with progress(len(todo)) as begin:
            found = series(kept(measured(todo, begin)))
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=WIDE)
    console.print(machine_line(machine, setting.threads, setting.dtype))
    for table in tables(found):
        console.print()
        console.print(table)
    if options.json_file:
        plan = asdict(setting.plan) | {"dtype": setting.dtype}
        write_record(options.json_file, surroundings(machine, setting.threads) | {"plan": plan, "series": record(found)})
    if options.plot_file:
        import_module("rnncc.bench.growth.plot").plot(found, options.plot_file)
