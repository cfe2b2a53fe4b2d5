"""The vocabulary in NumPy, by name."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rnncc.functions import VOCABULARY
from rnncc.runtime import host

Array = NDArray[np.float64]

ELEMENTWISE: dict[str, Callable[..., Array]] = {name: getattr(host, name) for name in VOCABULARY}
"""Name in `rnncc.functions.VOCABULARY` -> its meaning on arrays that broadcast."""
