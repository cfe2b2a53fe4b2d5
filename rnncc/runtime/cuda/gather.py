"""As `runtime.gather`, on a device: columns of matrices picked by integers, and sums over time into such columns.

Rows are sorted by the column that they are added to; each number of a result is then summed by one thread, in the order of time.
"""

from collections.abc import Mapping
from typing import Any

from rnncc.runtime.cuda.arrays import padded
from rnncc.runtime.cuda.compiled import kernel
from rnncc.runtime.cuda.launch import run_units
from rnncc.runtime.cuda.lengths import dead_steps, live_rows
from rnncc.runtime.cuda.pack import matrix_of
from rnncc.runtime.cuda.places import grid_threads
from rnncc.runtime.frozen import PANELS, Term
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import library_of
from rnncc.runtime.sweep import Sweep


def columns(env: Mapping[str, Any], term: Term) -> Array:
    """As `columns_of`, of a parameter in `env`: kept for further calls as long as the parameters are unchanged."""
    panels = env.get(PANELS)
    if panels is None:
        return columns_of(matrix_of(env, term))
    key = f"columns of {term}"  # no panel is packed from what has spaces in its name
    return panels.get(((key,),), lambda: columns_of(matrix_of(env, term)))


def columns_of(matrix: Array) -> Array:
    """The columns of `matrix` (units, columns), one a row: (columns, units in whole chunks), C-contiguous."""
    return padded(matrix.T)


def gathered(sweep: Sweep, table: Array, index: Any) -> Array:
    """The stream (T, N, units in whole chunks) of the rows of `table` that `index` (T, N) names; of any content past a sequence's end.

    What `index` holds at live steps is at least 0 and below the number of rows: nobody looks here.
    """
    if sweep.lengths is not None:
        index = library_of(index).where(dead_steps(sweep), 0, index)
    return table[index]


def scattered(sweep: Sweep, stream: Array, units: int, index: Any, count: int, so_far: Array | None = None) -> Array:
    """The matrix (units, count) whose column j is the sum of `stream` (T, N, ·) over the live steps where `index` (T, N) is j."""
    library = library_of(stream)
    table = library.zeros((count, units), stream.dtype) if so_far is None else so_far.T
    own = live_rows(sweep, index)
    order = library.argsort(own, kind="stable")
    first = library.searchsorted(own[order], library.arange(count + 1))
    if len(own):
        run_units(_scatter, Sweep(1, count, library=library), False, units, live_rows(sweep, stream), order, first, table)
    return table.T


@kernel
def _scatter(batch, live, against, rows, order, first, table):  # type: ignore[no-untyped-def]
    """To each number of a line of `table` what the rows order[first[line]] … order[first[line + 1] - 1] hold there."""
    number, threads = grid_threads()
    units = table.shape[1]
    for item in range(number, batch * units, threads):
        line, unit = item // units, item % units
        total = table[line, unit]
        for k in range(first[line], first[line + 1]):
            total += rows[order[k], unit]
        table[line, unit] = total
