"""What a device is, and how long its blocks take to meet."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from rnncc.bench.cuda.kernels import meetings
from rnncc.bench.cuda.watch import each
from rnncc.runtime.cuda.barrier import LINE
from rnncc.runtime.cuda.device import attribute, chip_of
from rnncc.runtime.cuda.flags import raise_failed
from rnncc.runtime.cuda.start import Grid, start

_CLOCK = 13
"""Number of the CUDA runtime for a multiprocessor's clock in kHz."""
_MEETINGS = 10_000


@dataclass(frozen=True)
class Device:
    """The device that was measured.

    Parameters
    ----------
    name, capability
        What it is called, and its compute capability, such as "90".
    driver, runtime
        Versions of CUDA that the driver serves and that CuPy was built for: 13000 is 13.0.
    multiprocessors
        How many.
    clock
        Their highest, in cycles a second.
    barrier
        Seconds that blocks on all multiprocessors take to meet: the floor of a step, once a phase.
    """

    name: str
    capability: str
    driver: int
    runtime: int
    multiprocessors: int
    clock: float
    barrier: float

    def __str__(self) -> str:
        cuda = f"CUDA {_version(self.driver)} by the driver, {_version(self.runtime)} by CuPy"
        return f"{self.name}, {self.multiprocessors} multiprocessors, {cuda}; barrier of all blocks {1e6 * self.barrier:.2f} µs"


def measure_device(library: ModuleType) -> Device:
    """The current device of `library`. Raises `DeviceError` where its blocks do not meet."""
    device, runtime = library.cuda.Device(), library.cuda.runtime
    return Device(
        runtime.getDeviceProperties(device.id)["name"].decode(),
        str(device.compute_capability),
        runtime.driverGetVersion(),
        runtime.runtimeGetVersion(),
        chip_of(library).multiprocessors,
        1e3 * attribute(library, _CLOCK),
        barrier(library),
    )


def barrier(library: ModuleType, cluster: int = 1) -> float:
    """Seconds that blocks take to meet: those on all multiprocessors, or those of each of as many clusters of `cluster` as find room.

    Raises
    ------
    DeviceError
        Where they do not meet.
    """
    chip = chip_of(library)
    owners, parts = (cluster, chip.clusters(cluster)) if cluster > 1 else (chip.multiprocessors, 1)
    grid = Grid(parts * owners, chip.shared, cluster == 1, cluster)  # one on each multiprocessor

    def meet(times: int) -> None:
        start(meetings, "float32", grid, (library.zeros((parts + 1) * LINE, np.int32), owners, times), library)

    found = each(library, meet, _MEETINGS)
    raise_failed(wait=True)
    return found


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"
