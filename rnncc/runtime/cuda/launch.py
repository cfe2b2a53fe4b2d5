"""As `runtime.team`, on a device: kernels over time loops, over the rows of whole sequences, and over units."""

from functools import partial
from typing import Any

import numpy as np

from rnncc.runtime.cuda.apart import Launch, launch
from rnncc.runtime.cuda.barrier import LINE
from rnncc.runtime.cuda.compiled import Kernel
from rnncc.runtime.cuda.constants import LANES, THREADS
from rnncc.runtime.cuda.device import chip_of
from rnncc.runtime.cuda.lengths import live_rows_at
from rnncc.runtime.cuda.plan import Chip, Plan, Weights, plan_loop
from rnncc.runtime.cuda.start import Grid, start
from rnncc.runtime.frozen import Panel
from rnncc.runtime.sweep import Sweep

_WAVES = 8
"""Blocks of a grid for each multiprocessor at most, where every block takes what the grid has left."""


def run_loop(kernel: Kernel, sweep: Sweep, against: bool, tiles: int, panels: list[Panel], *arguments: Any) -> None:
    """Run a time loop, `kernel(meet, owners, rows, live, against, *keeps, *arguments)`.

    Parameters
    ----------
    tiles
        Accumulators of the widest phase.
    panels
        Packed weights, in the order of the kernel's keeps.

    Raises
    ------
    DeviceError
        Where the device cannot run it.
    """
    if not sweep.batch or not sweep.steps:
        return
    chip = chip_of(sweep.library)
    whole, half = (_plan(sweep, arguments, tiles, panels, c) for c in (chip, chip.half))
    prepare = partial(_shared_out, kernel, sweep, against, arguments)
    launch(sweep.library, half.cycles <= 2 * whole.cycles, partial(prepare, whole), partial(prepare, half))


def run_rows(kernel: Kernel, sweep: Sweep, *arguments: Any) -> None:
    """Run `kernel(batch, live, *arguments)` over the rows of all steps, one a warp."""
    if sweep.steps and sweep.batch:
        spread(kernel, sweep, sweep.steps * sweep.batch * LANES, arguments)()


def run_units(kernel: Kernel, sweep: Sweep, against: bool, units: int, *arguments: Any) -> None:
    """Run a time loop without products, `kernel(batch, live, against, *arguments)`, over the units of all rows, one a thread."""
    if sweep.steps and sweep.batch and units:
        prepare = partial(spread, kernel, sweep, sweep.batch * units, (against, *arguments))
        launch(sweep.library, True, prepare, prepare)


def _shared_out(kernel: Kernel, sweep: Sweep, against: bool, arguments: tuple[Any, ...], plan: Plan) -> Launch:
    """A launch by `plan`."""
    meet = sweep.library.zeros(LINE * (plan.parts + 1), np.int32)
    grid = Grid(plan.blocks, plan.shared, together=plan.owners > 1)
    given = (meet, plan.owners, plan.rows, live_rows_at(sweep), against, *plan.keeps, *arguments)
    return partial(start, kernel, float_dtype(arguments), grid, given, sweep.library)


def spread(kernel: Kernel, sweep: Sweep, threads: int, arguments: tuple[Any, ...]) -> Launch:
    """A launch of as many threads as have something to do, or as keep the device busy."""
    blocks = min(-(-threads // THREADS), _WAVES * chip_of(sweep.library).multiprocessors)
    given = (sweep.batch, live_rows_at(sweep), *arguments)
    return partial(start, kernel, float_dtype(arguments), Grid(blocks, 0, together=False), given, sweep.library)


def _plan(sweep: Sweep, arguments: tuple[Any, ...], tiles: int, panels: list[Panel], chip: Chip) -> Plan:
    weights = tuple(Weights(p.shape[0], p.shape[1], p.shape[3], p.dtype.name) for p in panels)
    return plan_loop(sweep.batch, float_dtype(arguments), tiles, weights, chip)


def float_dtype(arguments: tuple[Any, ...]) -> str:
    """The one float dtype of a kernel's arrays."""
    return next(a.dtype.name for a in arguments if getattr(a, "shape", ()) and a.dtype.kind == "f")
