"""`rnncc bench --transform`: what transforms of a cell cost, as a table and JSON."""

from dataclasses import asdict

from rich.console import Console

from rnncc.bench.choose import held_to
from rnncc.bench.machine import measure_machine
from rnncc.bench.record import surroundings, write_record
from rnncc.bench.report import machine_line
from rnncc.bench.transforms import record, table
from rnncc.cli.bench_options import Options
from rnncc.cli.console import WIDE, kept, progress


def run_transforms(options: Options) -> None:
    """Measure, print, write what the command line asks for."""
    with held_to(options.cores):
        comparison = options.comparison()
        todo = comparison.problems()
        machine = measure_machine(options.cores, options.dtype, options.seconds_a_rate)
        with progress(len(todo)) as begin:
            costs = kept(comparison.run(todo, begin))
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=WIDE)
    console.print(machine_line(machine, options.cores, options.dtype))
    console.print(table(costs))
    if options.json_file:
        plan = asdict(comparison.plan) | {"dtype": options.dtype}
        write_record(options.json_file, surroundings(machine, options.cores) | {"plan": plan, "transforms": record(costs)})
