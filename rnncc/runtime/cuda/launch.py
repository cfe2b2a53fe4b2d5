"""As `runtime.team`, on a device: kernels over time loops, over the rows of whole sequences, and over units."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from rnncc.runtime.cuda.apart import Launch, Loop, launch
from rnncc.runtime.cuda.barrier import LINE
from rnncc.runtime.cuda.compiled import Kernel
from rnncc.runtime.cuda.constants import LANES, THREADS
from rnncc.runtime.cuda.device import chip_of
from rnncc.runtime.cuda.lengths import live_rows_at
from rnncc.runtime.cuda.plan import Chip, Plan, Weights, chunked_cycles, plan_loop
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
    if sweep.batch:
        weights = tuple(Weights(p.shape[0], p.shape[1], p.shape[3], p.dtype.name) for p in panels)
        plan = partial(plan_loop, sweep.batch, float_dtype(arguments), tiles, weights)
        prepare = partial(_shared_out, kernel, sweep, against, arguments, plan)
        launch(sweep.library, Loop(sweep.steps, partial(_cycles, plan), prepare))


def run_rows(kernel: Kernel, sweep: Sweep, *arguments: Any) -> None:
    """Run `kernel(batch, live, *arguments)` over the rows of all steps, one a warp."""
    if sweep.steps and sweep.batch:
        spread(kernel, sweep, sweep.steps * sweep.batch * LANES, arguments, chip_of(sweep.library))()


def run_units(kernel: Kernel, sweep: Sweep, against: bool, units: int, *arguments: Any) -> None:
    """Run a time loop without products, `kernel(batch, live, against, *arguments)`, over the units of all rows, one a thread."""
    threads = sweep.batch * units
    if threads:
        prepare = partial(spread, kernel, sweep, threads, (against, *arguments))
        launch(sweep.library, Loop(sweep.steps, partial(_alone_cycles, threads), prepare))


def _shared_out(
    kernel: Kernel, sweep: Sweep, against: bool, arguments: tuple[Any, ...], plan_on: Callable[[Chip], Plan], chip: Chip
) -> Launch:
    """A launch of blocks that find room on `chip` together."""
    plan = plan_on(chip)
    meet = sweep.library.zeros(LINE * (plan.parts + 1), np.int32)
    grid = Grid(plan.blocks, plan.shared, plan.together, plan.owners if plan.clustered else 1)
    given = (meet, plan.owners, plan.rows, live_rows_at(sweep), against, *plan.keeps, *arguments)
    return partial(start, kernel, float_dtype(arguments), grid, given, sweep.library)


def spread(kernel: Kernel, sweep: Sweep, threads: int, arguments: tuple[Any, ...], chip: Chip) -> Launch:
    """A launch of as many threads as have something to do, or as keep `chip` busy."""
    blocks = min(-(-threads // THREADS), _WAVES * chip.multiprocessors)
    given = (sweep.batch, live_rows_at(sweep), *arguments)
    return partial(start, kernel, float_dtype(arguments), Grid(blocks, 0, together=False), given, sweep.library)


def _cycles(plan_on: Callable[[Chip], Plan], steps: int, chip: Chip) -> float:
    return steps * plan_on(chip).cycles


def _alone_cycles(threads: int, steps: int, chip: Chip) -> float:
    return chunked_cycles(steps, threads, 1, chip)


def float_dtype(arguments: tuple[Any, ...]) -> str:
    """The one float dtype of a kernel's arrays."""
    return next(a.dtype.name for a in arguments if getattr(a, "shape", ()) and a.dtype.kind == "f")
