"""One launch of a kernel: compiled for the types of its arguments, with what the driver has to be told before."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from types import ModuleType
from typing import Any

import numpy as np

from rnncc.errors import DeviceError, InternalError
from rnncc.runtime.cuda.compiled import Kernel, target
from rnncc.runtime.cuda.constants import THREADS
from rnncc.runtime.cuda.device import chip_of
from rnncc.runtime.cuda.flags import watch
from rnncc.runtime.cuda.plan import Chip

_launching = threading.Lock()
"""Whether a kernel's blocks must all run at once is a property of the compiled kernel, set for each launch."""


@dataclass(frozen=True)
class Grid:
    """What is launched.

    Parameters
    ----------
    blocks
        How many.
    shared
        Bytes of shared memory of each.
    together
        Whether the blocks wait for each other at a counter, so that all must run at once.
    cluster
        So many blocks, one after the other, are a cluster, and wait for each other alone; 1 where there are none.
    """

    blocks: int
    shared: int
    together: bool
    cluster: int = 1

    @property
    def counted(self) -> "Grid":
        """The same blocks, which meet at a counter instead of in clusters."""
        return replace(self, cluster=1, together=True)


def start(kernel: Kernel, dtype: str, grid: Grid, arguments: Sequence[Any], library: ModuleType) -> None:
    """Launch `kernel` on the current stream of `library`; nothing is waited for.

    Parameters
    ----------
    dtype
        Of the numbers of the kernel: Python floats are given to it in this.
    grid
        What to launch. Of one with blocks that wait for each other the first argument is where they meet, its first number the flag.
    arguments
        C-contiguous arrays, floats, whole numbers, booleans.

    Raises
    ------
    DeviceError
        Where the blocks of a grid that must run at once are too many, or their shared memory is.
    """
    number = np.dtype(dtype).type
    given = tuple(number(a) if isinstance(a, float) else a for a in arguments)
    made = partial(_compiled, kernel, dtype, tuple(_kind(a) for a in given))
    chip, device = chip_of(library), library.cuda.Device().id
    if grid.cluster > 1 and not _fits(made(True), grid, chip, device):
        grid = grid.counted
    compiled = made(grid.cluster > 1)
    _prepare(compiled, kernel.py_func.__name__, grid, chip, device)
    _launch(compiled, grid, given, _stream(device, library.cuda.get_current_stream().ptr))
    if grid.together:
        watch(library, arguments[0], kernel.py_func.__name__)


def _launch(compiled: Any, grid: Grid, given: tuple[Any, ...], stream: Any) -> None:
    if grid.cluster == 1:
        with _launching:
            compiled.cooperative = grid.together
            compiled.launch(given, (grid.blocks, 1, 1), (THREADS, 1, 1), stream, grid.shared)
        return
    passed: list[Any] = []  # as numba-cuda launches, which knows no clusters
    for kind, value in zip(compiled.argument_types, given, strict=True):
        compiled._prepare_args(kind, value, stream, [], passed)
    core = target().core
    clusters = core.LaunchConfig(grid=grid.blocks // grid.cluster, cluster=grid.cluster, block=THREADS, shmem_size=grid.shared)
    core.launch(stream, clusters, compiled._codelibrary.get_cufunc().kernel, *passed)


def _kind(argument: Any) -> tuple[str, int]:
    """What the type of a kernel's argument depends on: the dtype of a number, or of an array and how many axes it has."""
    if not hasattr(argument, "flags") or not argument.ndim:
        return np.result_type(argument).name, -1
    if not argument.flags.c_contiguous:
        raise InternalError(f"an array of shape {argument.shape} and strides {argument.strides} for a kernel is not C-contiguous")
    return argument.dtype.name, argument.ndim


@cache
def _compiled(kernel: Kernel, dtype: str, kinds: tuple[tuple[str, int], ...], clustered: bool) -> Any:
    types = target().cuda.types
    named = {"bool": "boolean"}
    numbers = [getattr(types, named.get(name, name)) for name, _ in kinds]
    return kernel.dispatcher(dtype, clustered).compile(
        tuple(t if axes < 0 else types.Array(t, axes, "C") for t, (_, axes) in zip(numbers, kinds, strict=True))
    )


@cache
def _fits(compiled: Any, grid: Grid, chip: Chip, device: int) -> bool:
    """Whether a device, or what this process has of it, takes clusters as large as those of the grid."""
    _allow(compiled, "MAX_DYNAMIC_SHARED_SIZE_BYTES", chip.shared, device)
    _allow(compiled, "NON_PORTABLE_CLUSTER_SIZE_ALLOWED", 1, device)
    occupancy = compiled._codelibrary.get_cufunc().kernel.occupancy
    blocks = target().core.LaunchConfig(grid=grid.blocks, block=THREADS, shmem_size=grid.shared)
    largest: int = occupancy.max_potential_cluster_size(blocks, stream=_stream(device, 0))
    return largest >= grid.cluster


@cache
def _prepare(compiled: Any, name: str, grid: Grid, chip: Chip, device: int) -> None:
    """Let a kernel have all the shared memory there is on a device, and see that its blocks find room where all must run at once."""
    _allow(compiled, "MAX_DYNAMIC_SHARED_SIZE_BYTES", chip.shared, device)
    room = compiled.max_cooperative_grid_blocks(THREADS, grid.shared) if grid.together else grid.blocks
    if grid.blocks > room:
        raise DeviceError(
            f"{name} needs {grid.blocks} blocks that run at once, and this device has room for {room} with {grid.shared:,} bytes of "
            f"shared memory each; use a smaller hidden_size, or device='cpu'"
        )


@cache
def _allow(compiled: Any, what: str, value: int, _device: int) -> None:
    driver = target().cuda.cudadrv.driver
    function = compiled._codelibrary.get_cufunc()
    attribute = getattr(driver.binding.CUfunction_attribute, f"CU_FUNC_ATTRIBUTE_{what}")
    driver.driver.cuKernelSetAttribute(attribute, value, function.handle, function.device.id)


@lru_cache(maxsize=64)
def _stream(_device: int, pointer: int) -> Any:
    driver = target().cuda.cudadrv.driver
    return driver._to_core_stream(target().cuda.external_stream(pointer) if pointer else 0)
