"""The array library of a call: NumPy, or CuPy on a CUDA device. CuPy is never imported here: whoever has an array of it has done so."""

import sys
from types import ModuleType
from typing import Any

import numpy as np

from rnncc.errors import DeviceError


def is_array(value: Any) -> bool:
    """Whether `value` is an array of NumPy or of a device."""
    return isinstance(value, np.ndarray) or on_device(value)


def on_device(value: Any) -> bool:
    """Whether `value` is an array on a CUDA device."""
    return hasattr(value, "__cuda_array_interface__")


def owner_of(array: Any) -> Any:
    """The array whose memory `array` is, or views a part of."""
    while is_array(array.base):
        array = array.base
    return array


def library_of(array: Any) -> ModuleType:
    """The module that `array` is of: it makes arrays that can be computed with beside it."""
    if isinstance(array, np.ndarray | np.generic):
        return np
    return sys.modules[type(array).__module__.partition(".")[0]]


def captured(library: ModuleType) -> bool:
    """Whether the current stream of `library` takes down a CUDA graph."""
    return library is not np and bool(library.cuda.get_current_stream().is_capturing())


def placed(library: ModuleType, array: Any) -> Any:
    """An array of the host where `library` has its arrays.

    Raises `DeviceError` while a CUDA graph is taken down: it would read the host's memory at each launch, whatever is there by then.
    """
    if captured(library):
        raise DeviceError(
            "a CUDA graph cannot take down what copies arrays of the host: ragged lengths, random masks, memories, or the first call "
            "on this stream; call once on it before the capture begins, and leave those out"
        )
    return library.asarray(array)
