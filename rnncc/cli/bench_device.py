"""`rnncc bench --device cuda`: this package beside cuDNN, PyTorch and JAX on a device."""

import os
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any

from rich.console import Console

from rnncc.bench.choose import missing_peers
from rnncc.bench.cuda.calibrate import calibrate
from rnncc.bench.cuda.device import Device, measure_device
from rnncc.bench.cuda.report import PUBLISHED, footnote, table
from rnncc.bench.cuda.session import DeviceSession
from rnncc.bench.record import record
from rnncc.bench.report import lines, means, wrong
from rnncc.bench.session import Result
from rnncc.cli.bench_options import Options
from rnncc.cli.bench_run import Run
from rnncc.cli.console import print_rows
from rnncc.runtime.cuda.device import array_library, number_of


def run_device(options: Options) -> None:
    """Measure, print, write what the command line asks for. Raises `DeviceError` where there is no device."""
    number_of("cuda")
    library = array_library()
    if options.calibrate:
        print_rows(calibrate(library, measure_device(library)).rows(), "rnncc/runtime/cuda/plan.py", "here")
        return
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # else JAX takes most of the device's memory for itself
    session = options.device_session(library)
    problems, measuring = len(session.problems()), session.measuring
    device = measure_device(library)
    run = Run[Result](lines, partial(_content, session, device), partial(_print, session, device), wrong)
    results = run.through(problems, partial(session.run_on, device), options.json_file, measuring)
    if options.plot_file:
        import_module("rnncc.bench.plot").plot(results, options.plot_file)
    run.judge(results)


def _content(session: DeviceSession, device: Device, results: Sequence[Result]) -> dict[str, Any]:
    return record(session, device, results) | {"published": PUBLISHED}


def _print(session: DeviceSession, device: Device, console: Console, results: Sequence[Result]) -> None:
    console.print(str(device))
    console.print(f"contenders: {', '.join(session.makers)}")
    for name, packages in missing_peers().items():
        console.print(f"not installed: {name} ({', '.join(packages)})")
    console.print(table(results, list(session.makers)))
    console.print(footnote())
    if any(r.ratio for r in results):
        print_rows(means(results), "mode", "cell", "geometric mean of best peer / rnncc")
