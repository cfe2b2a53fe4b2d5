"""Arrays that a caller gives: converted where the meaning is clear, refused with what was expected where it is not."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.errors import DeviceError, DtypeError, ShapeError
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import on_device

MEANING = {"T": "time", "N": "batch"}


def as_array(value: object, what: str, library: ModuleType = np) -> NDArray[Any]:
    """`value` as an array of `library`, not copied where it is one.

    Raises `ShapeError` for what is no array, `DeviceError` for one that lies elsewhere.
    """
    if library is not np:
        return _as_placed(value, what, library)
    if not isinstance(value, np.ndarray) and on_device(value):
        raise DeviceError(f"{what}: found an array on a CUDA device, and the layer is on the processor; copy it, or use device='cuda'")
    try:
        return np.asarray(value)
    except ValueError as problem:
        raise ShapeError(f"{what} is no array: {problem}") from problem


def _as_placed(value: object, what: str, library: ModuleType) -> NDArray[Any]:
    if not isinstance(value, library.ndarray):
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        raise DeviceError(
            f"{what}: found {name} on the host, expected an array on the layer's device; copy it there, or use device='cpu'"
        )
    return value


def as_floats(value: object, dtype: np.dtype[Any], what: str, library: ModuleType = np) -> Array:
    """`value` as an array of `dtype` in native byte order; `value` itself where it is that already.

    One that is read-only is copied: to Numba it has another type, for which every kernel would be compiled once more.
    Raises `DtypeError` for any other dtype: a silent conversion would hide a lost digit or a slow path.
    """
    array = as_array(value, what, library)
    if array.dtype.newbyteorder("=") != dtype:
        raise DtypeError(f"{what}: found {array.dtype}, expected {dtype}; convert with .astype({str(dtype)!r}){_other_way(array)}")
    return array.astype(dtype, copy=library is np and not array.flags.writeable)


def expect_shape(array: NDArray[Any], shape: Sequence[int], axes: Sequence[str], what: str) -> None:
    """Raise `ShapeError` unless `array` has `shape`; `axes` say in the message what each axis means."""
    if array.shape != tuple(shape):
        raise ShapeError(f"{what}: found shape {array.shape}, expected {describe(shape, axes)}")


def describe(shape: Sequence[int | None], axes: Sequence[str]) -> str:
    """`(T, N, input = 4): time, batch, input`; sizes that may be anything go by their axis."""
    parts = [axis if size is None else f"{axis} = {size}" for size, axis in zip(shape, axes, strict=True)]
    return f"({', '.join(parts)}): {', '.join(MEANING.get(a, a) for a in axes) or 'one number'}"


def _other_way(array: NDArray[Any]) -> str:
    width = array.dtype.newbyteorder("=")
    return f", or make the layer with dtype={str(width)!r}" if width in (np.float32, np.float64) else ""
