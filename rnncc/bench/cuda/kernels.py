"""The kernels that a device is measured with: of the parts that generated kernels are made of, and nothing else."""

from typing import Any

from rnncc.runtime.cuda.barrier import barrier, begin
from rnncc.runtime.cuda.compiled import kernel
from rnncc.runtime.cuda.constants import ROWS, THREADS, TILE, UNITS
from rnncc.runtime.cuda.memory import resident, shared_memory
from rnncc.runtime.cuda.places import block_number, threads
from rnncc.runtime.cuda.product import collect, multiply, new_sums, total


@kernel
def meetings(meet: Any, owners: int, times: int) -> None:
    """Blocks that have nothing to do but to meet, `times` times."""
    meeting = begin()
    for _ in range(times):
        meeting = barrier(meet, owners, meeting)


@kernel
def products(times: int, keep: int, columns: int, panel: Any, rows: Any, sums: Any) -> None:
    """Each block multiplies ROWS rows by a group of an LSTM's units, `times` times.

    With `keep` 1 always by the group of its own number, which stays in shared memory; with 0 by one group of the panel after the other,
    so that no cache but that of the whole device holds them. `sums` (blocks, ROWS * UNITS) takes what the last one gave.
    """
    thread, _, _ = threads()
    block = block_number()
    space = shared_memory(rows)
    tile = space[: 4 * TILE]
    weights, _ = resident(space, 4 * TILE, panel, block * keep, keep)
    begin()
    for number in range(times):
        group = (block + number * (1 - keep)) % panel.shape[0]
        found = new_sums(4, tile)
        found = multiply(found, weights, group, 0, rows, 0, columns, 0, ROWS)
        collect(tile, found)
        for item in range(thread, ROWS * UNITS, THREADS):
            sums[block, item] = total(tile, 4, 0, item) + total(tile, 4, 1, item) + total(tile, 4, 2, item) + total(tile, 4, 3, item)
