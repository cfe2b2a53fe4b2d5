"""Time loops whose steps compose, on a device: chunks of steps side by side, each thread a unit of one of them.

The steps of a chunk are a map of the states that it begins with. `composed` makes the maps of all chunks at once; then each chunk
finds by them what it begins with, and all run at once, too. That is twice the work, and worth it where few rows and units would leave
the device idle: `plan.chunks_of` decides, from shapes and the chip alone.
"""

from functools import partial
from typing import Any

from rnncc.runtime.cuda.apart import Loop, launch
from rnncc.runtime.cuda.compiled import Kernel
from rnncc.runtime.cuda.counts import groups, least
from rnncc.runtime.cuda.device import chip_of
from rnncc.runtime.cuda.launch import float_dtype, spread
from rnncc.runtime.cuda.plan import Chip, chunked_cycles, chunks_of
from rnncc.runtime.cuda.text import device
from rnncc.runtime.kernels import Array
from rnncc.runtime.sweep import Sweep


def composed(kernel: Kernel, sweep: Sweep, against: bool, units: int, numbers: int, *arguments: Any) -> Array:
    """The maps of the chunks of a time loop, by `kernel(batch, live, against, maps, *arguments)`.

    Parameters
    ----------
    units
        Of the loop.
    numbers
        Of a map of one unit.

    Returns
    -------
    maps
        (chunks, numbers, N, units): where a chunk begins, as a map of where the one before it does; of the first the states with
        which sequences begin. With a single chunk of any content, and not so large.
    """
    threads = sweep.batch * units
    chip = chip_of(sweep.library)
    chunks = chunks_of(sweep.steps, threads, chip) if threads else 1
    shape = (chunks, numbers, sweep.batch, units) if chunks > 1 else (1, 1, 1, 1)
    maps: Array = sweep.library.empty(shape, float_dtype(arguments))
    if chunks > 1:
        spread(kernel, sweep, chunks * threads, (against, maps, *arguments), chip)()
    return maps


def run_chunks(kernel: Kernel, sweep: Sweep, against: bool, units: int, maps: Array, *arguments: Any) -> None:
    """Run a time loop, `kernel(batch, live, against, maps, *arguments)`, over the units of all rows and the chunks of `maps`."""
    threads = sweep.batch * units
    if threads:
        prepare = partial(spread, kernel, sweep, maps.shape[0] * threads, (against, maps, *arguments))
        launch(sweep.library, Loop(sweep.steps, partial(_cycles, threads), prepare))


def _cycles(threads: int, steps: int, chip: Chip) -> float:
    return chunked_cycles(steps, threads, chunks_of(steps, threads, chip), chip)


@device
def steps_of(live: Any, row: int) -> int:
    """How many steps row number `row` has: `live` (T,) says how many rows have each step, and never rises."""
    low, high = 0, len(live)
    while low < high:
        middle = (low + high) // 2
        if live[middle] > row:
            low = middle + 1
        else:
            high = middle
    return low


@device
def ticks_of(chunk: int, chunks: int, ticks: int, steps: int) -> tuple[int, int]:
    """Of a row with `steps` of the batch's `ticks` steps, the first that chunk number `chunk` has, and the one after its last."""
    each = groups(ticks, chunks)
    return chunk * each, least((chunk + 1) * each, steps)
