"""The CUDA device: whether there is one that can be used, and what it is like. CuPy is imported here, when a device is asked for."""

import importlib
from functools import lru_cache
from types import ModuleType

from rnncc.errors import DeviceError
from rnncc.runtime.cuda.compiled import target
from rnncc.runtime.cuda.plan import Chip

_OLDEST = 80
"""Compute capability of the oldest chips that have the instructions which kernels are made of: Ampere."""
_MULTIPROCESSORS, _SHARED = 16, 97
"""Numbers of the CUDA runtime for a device's multiprocessors, and for the bytes of shared memory that a block can have."""
_CLUSTERS = 120
"""Its number for whether blocks can be clusters."""
_PORTABLE, _LARGEST = 8, 16
"""Blocks of a cluster: what every device with clusters takes, and what those of `_DATA_CENTRE` do."""
_DATA_CENTRE = (9, 10)
"""Compute capability of Hopper, and of the Blackwell with as large clusters; digits after the point left out."""
_OLD_DRIVER = 35
"""What the CUDA runtime answers where the driver is older than it."""


def array_library() -> ModuleType:
    """CuPy. Raises `DeviceError` where it is missing."""
    try:
        return importlib.import_module("cupy")
    except ImportError as problem:
        raise DeviceError(
            f"device='cuda' needs CuPy, which cannot be imported ({problem}): pip install 'rnncc[cuda]', or use device='cpu'"
        ) from problem


def number_of(device: str) -> int:
    """The number of the device called `device`, "cuda" (the current one) or "cuda:1".

    Raises
    ------
    DeviceError
        Where CuPy, numba-cuda, the driver or such a device is missing, or kernels cannot run there; says what to do.
    """
    library = array_library()
    target()
    count = _count(library)
    _, _, given = device.partition(":")
    number = int(given) if given else library.cuda.Device().id
    if number >= count:
        raise DeviceError(f"device={device!r}: this machine has {count} CUDA devices, 'cuda:0' to 'cuda:{count - 1}'")
    found = int(library.cuda.Device(number).compute_capability)
    if found < _OLDEST:
        raise DeviceError(
            f"device={device!r} has compute capability {found / 10}, kernels need {_OLDEST / 10} (Ampere) or later; use device='cpu'"
        )
    return number


def _count(library: ModuleType) -> int:
    try:
        count: int = library.cuda.runtime.getDeviceCount()
    except library.cuda.runtime.CUDARuntimeError as problem:
        if problem.status == _OLD_DRIVER:
            raise DeviceError(
                f"the NVIDIA driver is older than CuPy's CUDA ({problem}): update the driver, or install the CuPy of an older CUDA"
            ) from problem
        raise DeviceError(f"no CUDA device can be used ({problem}): look at what nvidia-smi says, or use device='cpu'") from problem
    if not count:
        raise DeviceError("this machine has no CUDA device that this process may use; see CUDA_VISIBLE_DEVICES, or use device='cpu'")
    return count


def chip_of(library: ModuleType) -> Chip:
    """What the current device is like."""
    return _chip(library, library.cuda.Device().id)


@lru_cache
def _chip(library: ModuleType, number: int) -> Chip:
    return Chip(attribute(library, _MULTIPROCESSORS), attribute(library, _SHARED), _cluster(library, number))


def _cluster(library: ModuleType, number: int) -> int:
    """Blocks that a cluster can have; 1 where there are none."""
    if not attribute(library, _CLUSTERS):
        return 1
    return _LARGEST if int(library.cuda.Device(number).compute_capability) // 10 in _DATA_CENTRE else _PORTABLE


def attribute(library: ModuleType, what: int) -> int:
    """What the CUDA runtime says of the current device, by the number it has for that."""
    found: int = library.cuda.runtime.deviceGetAttribute(what, library.cuda.Device().id)
    return found
