"""The array library of a call: NumPy, or CuPy on a CUDA device. CuPy is never imported here: whoever has an array of it has done so."""

import sys
from types import ModuleType
from typing import Any

import numpy as np


def library_of(array: Any) -> ModuleType:
    """The module that `array` is of: it makes arrays that can be computed with beside it."""
    if isinstance(array, np.ndarray | np.generic):
        return np
    return sys.modules[type(array).__module__.partition(".")[0]]
