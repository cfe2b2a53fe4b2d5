"""Guards the training parts share."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from rnncc.errors import ArgumentError, DtypeError, ShapeError
from rnncc.train.gradient import Array


def float_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """`dtype` if it is float32 or float64."""
    found = np.dtype(dtype)
    if found not in (np.float32, np.float64):
        raise DtypeError(f"dtype {found}: expected float32 or float64")
    return found


def last_axis(x: Array, size: int, dtype: np.dtype[Any], what: str) -> None:
    """`x` is (…, size) of `dtype`."""
    if x.ndim == 0 or x.shape[-1] != size:
        raise ShapeError(f"{what} has shape {x.shape}, expected (…, {size})")
    if x.dtype != dtype:
        raise DtypeError(f"{what} has dtype {x.dtype}, expected {dtype}: convert it with .astype({dtype.name!r})")


def same_shape(found: tuple[int, ...], expected: tuple[int, ...], what: str) -> None:
    """Two shapes agree."""
    if found != expected:
        raise ShapeError(f"{what} has shape {found}, expected {expected}")


def indices(index: Array, count: int, what: str) -> None:
    """`index` holds integers from 0 to `count` - 1."""
    if not np.issubdtype(index.dtype, np.integer):
        raise DtypeError(f"{what} has dtype {index.dtype}, expected integers")
    if index.size and not 0 <= index.min() <= index.max() < count:
        raise ArgumentError(f"{what} holds values from {index.min()} to {index.max()}, expected 0 to {count - 1}")
