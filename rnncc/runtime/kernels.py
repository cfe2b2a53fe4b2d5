"""The four functions of a generated module, bundled for a layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.sweep import Sweep

Array = NDArray[np.floating[Any]]
Env = Mapping[str, Any]
"""Names -> arrays of one float dtype; constants are Python floats."""
Kernel = Callable[[Sweep, Env], dict[str, Array]]


@dataclass(frozen=True)
class Kernels:
    """See "Generated modules" in docs/architecture.md for what each takes and gives."""

    inference: Kernel
    forward: Kernel
    backward: Kernel
    trace: Kernel
