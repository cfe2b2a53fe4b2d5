"""The embedding: integers to learned vectors."""

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from rnncc.errors import ArgumentError
from rnncc.train import check
from rnncc.train.gradient import Array, Gradient


class Embedding:
    """Row `index` of a table.

    Parameters
    ----------
    count, size
        Rows of the table and their length; 1 or more.
    dtype
        float32 or float64.
    seed
        The table starts from N(0, 1), as PyTorch's `Embedding`; None draws entropy.

    Attributes
    ----------
    params : dict
        `E` (count, size); write to it in place.
    """

    def __init__(self, count: int, size: int, *, dtype: DTypeLike = "float32", seed: int | None = None) -> None:
        if count < 1 or size < 1:
            raise ArgumentError(f"Embedding({count}, {size}): both sizes must be 1 or more")
        table = np.random.default_rng(seed).standard_normal((count, size))
        self.params: dict[str, Array] = {"E": table.astype(check.float_dtype(dtype))}

    def __call__(self, index: Array) -> Array:
        """`index` (…) of integers to (…, size).

        Raises
        ------
        DtypeError, ArgumentError
            `index` holds no integers, or one that is no row of the table.
        """
        table = self.params["E"]
        check.indices(index, table.shape[0], "index")
        return table[index]

    def vjp(self, index: Array) -> tuple[Array, Callable[[Array], Gradient]]:
        """The rows and the pullback of their cotangent."""
        y, table = self(index), self.params["E"]

        def pullback(dy: Array) -> Gradient:
            check.same_shape(dy.shape, y.shape, "dy")
            total = np.zeros_like(table)
            _add_rows(total, index.ravel(), dy.reshape(-1, table.shape[1]))
            return Gradient(None, {"E": total})

        return y, pullback


def _add_rows(total: Array, index: Array, rows: Array) -> None:
    """Add each of `rows` to the row of `total` that `index` names; sorted first, which is many times faster than `numpy.add.at`."""
    if not index.size:
        return
    order = np.argsort(index, kind="stable")
    ordered = index[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    total[ordered[first]] = np.add.reduceat(rows[order], first, axis=0)
