"""What `runtime.cuda.plan` assumes of a device, measured by the operations that it weighs against each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from rnncc.bench.cuda.device import Device, barrier
from rnncc.bench.cuda.kernels import products
from rnncc.bench.cuda.watch import each
from rnncc.runtime.cuda.constants import ROWS, TILE, UNITS, row_stride
from rnncc.runtime.cuda.device import chip_of
from rnncc.runtime.cuda.start import Grid, start

_COLUMNS = {"float64": 256, "float32": 512, "uint32": 512, "uint16": 512}
"""Of a panel by its dtype: with sums and a group of weights a block finds room on every chip."""
_ACCUMULATORS = 4
_READ = "uint32"
"""The panel by which reading is measured: large, and multiplied fast."""
_TIMES = 2000


@dataclass(frozen=True)
class Constants:
    """In cycles of the highest clock.

    Parameters
    ----------
    meeting
        Until all blocks have met.
    cluster
        Until those of a cluster have, the largest that there are; None where there are none.
    cache
        Bytes a cycle that each multiprocessor reads from the second-level cache while all do.
    cycles
        For a column of an accumulator, of ROWS rows and UNITS units, by the dtype of the panel.
    """

    meeting: float
    cluster: float | None
    cache: float
    cycles: Mapping[str, float]

    def rows(self) -> list[tuple[str, str]]:
        """Name in `runtime.cuda.plan`, value."""
        cycles = ", ".join(f'"{dtype}": {value:.3g}' for dtype, value in self.cycles.items())
        cluster = [] if self.cluster is None else [("_CLUSTER_MEETING", f"{self.cluster:.0f}")]
        return [("_MEETING", f"{self.meeting:.0f}"), *cluster, ("_CACHE", f"{self.cache:.0f}"), ("_CYCLES", f"{{{cycles}}}")]


def calibrate(library: ModuleType, device: Device) -> Constants:
    """The constants of the current device, which is `device`."""
    groups = {dtype: _Group(library, dtype, device.multiprocessors) for dtype in _COLUMNS}
    kept = {dtype: group.seconds(keep=1) * device.clock for dtype, group in groups.items()}
    read = groups[_READ].seconds(keep=0) * device.clock - kept[_READ]
    cycles = {dtype: kept[dtype] / (_ACCUMULATORS * group.row) for dtype, group in groups.items()}
    most = chip_of(library).cluster
    cluster = barrier(library, most) * device.clock if most > 1 else None
    return Constants(device.barrier * device.clock, cluster, groups[_READ].size / read if read > 0 else float("inf"), cycles)


@dataclass(frozen=True)
class _Group:
    """A group of units whose weights are of `dtype`, one for each of `blocks`."""

    library: ModuleType
    dtype: str
    blocks: int

    @property
    def row(self) -> int:
        return row_stride(_COLUMNS[self.dtype], self.dtype)

    @property
    def size(self) -> int:
        """Bytes."""
        return _ACCUMULATORS * UNITS * self.row * np.dtype(self.dtype).itemsize

    def seconds(self, keep: int) -> float:
        """Of one product of every block, with weights that it keeps or reads each time."""
        library, number = self.library, np.dtype("float64" if self.dtype == "float64" else "float32")
        panel = library.zeros((self.blocks, _ACCUMULATORS, UNITS, self.row), self.dtype)
        rows = library.zeros((ROWS, _COLUMNS[self.dtype]), number)
        sums = library.empty((self.blocks, ROWS * UNITS), number)
        grid = Grid(self.blocks, _ACCUMULATORS * TILE * number.itemsize + self.size, together=False)

        def multiplied(times: int) -> None:
            start(products, number.name, grid, (times, keep, _COLUMNS[self.dtype], panel, rows, sums), library)

        return each(library, multiplied, _TIMES)
