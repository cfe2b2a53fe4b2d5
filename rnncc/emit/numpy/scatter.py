"""The transpose of picking columns of a matrix, in NumPy."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def scatter_add(stream: Array, index: NDArray[np.int64], columns: int) -> Array:
    """The matrix (units, columns) whose column j is the sum of `stream` (…, units) wherever `index` (…) is j."""
    total = np.zeros((columns, stream.shape[-1]))
    np.add.at(total, index.ravel(), stream.reshape(-1, stream.shape[-1]))
    return total.T
