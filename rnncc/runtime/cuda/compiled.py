"""What generated kernels are decorated with."""

import importlib.util
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from rnncc.errors import DeviceError


def kernel(function: Callable[..., None]) -> "Kernel":
    """Make `function` a kernel, compiled when it is first launched, for each dtype of its numbers and the types of its arguments."""
    return Kernel(function)


class Kernel:
    """A function for the threads of a grid.

    Attributes
    ----------
    py_func
        The Python function, whose primitives can be given another meaning; see `rnncc.runtime.cuda.text`.
    """

    def __init__(self, function: Callable[..., None]) -> None:
        self.py_func = function
        self._dispatchers: dict[tuple[str, bool], Any] = {}

    def dispatcher(self, dtype: str, clustered: bool = False) -> Any:
        """The numba-cuda dispatcher in which every float of the text is of `dtype`, float32 or float64.

        Parameters
        ----------
        clustered
            Whether the blocks that meet are clusters of the device, of whatever size.

        Raises
        ------
        DeviceError
            numba-cuda is not installed.
        """
        key = dtype, clustered
        if key not in self._dispatchers:
            self._dispatchers[key] = target().dispatcher(self.py_func, dtype, clustered)
        return self._dispatchers[key]


@cache
def target() -> ModuleType:
    """`rnncc.runtime.cuda.target`, which imports numba-cuda."""
    if importlib.util.find_spec("numba_cuda") is None:
        raise DeviceError("kernels for CUDA need numba-cuda, which is not installed: pip install rnncc[cuda]")
    return importlib.import_module("rnncc.runtime.cuda.target")
