"""Whole numbers that a caller gives as an input: of any integer dtype, refused with the place of the first that is out of range."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.errors import ArgumentError, DtypeError
from rnncc.runtime.cell_info import CellInfo
from rnncc.runtime.given import MEANING, as_array

_LARGEST = np.uint64(np.iinfo(np.int64).max)
Index = NDArray[Any]
"""Of int64."""


def as_indices(value: object, what: str, library: ModuleType = np) -> Index:
    """`value` as an array of int64, not copied where it is one; raises `DtypeError` for anything but whole numbers."""
    array = as_array(value, what, library)
    if array.dtype.kind not in "iu" and array.size:
        raise DtypeError(f"{what}: found {array.dtype}, expected whole numbers; convert with .astype('int64')")
    if array.dtype.kind == "u":
        array = np.minimum(array, _LARGEST, dtype=np.uint64)  # stays out of range instead of turning negative
    return array.astype(np.int64, copy=False)


def expect_below(index: Index, count: int, live: NDArray[np.bool_] | None, axes: Sequence[str], what: str) -> None:
    """Raise `ArgumentError` unless `index` holds numbers from 0 to `count` - 1 wherever it is `live` (None: everywhere)."""
    outside = (index < 0) | (index >= count)
    if live is not None:
        outside &= live
    if outside.any():
        place = tuple(int(k) for k in np.argwhere(outside)[0])
        where = ", ".join(f"{MEANING[axis]} {k}" for axis, k in zip(axes, place, strict=True))
        raise ArgumentError(f"{what}: found {int(index[place])} at {where}; expected whole numbers from 0 to {count - 1}")


def refuse_layers(cell: CellInfo, num_layers: int, residual: bool, output_size: int) -> None:
    """Raise `ArgumentError` for what layers of a cell whose own input is an index cannot do: read each other, and add it to floats."""
    name = cell.inputs[0][0]
    if name not in cell.indices:
        return
    if num_layers > 1:
        raise ArgumentError(
            f"num_layers={num_layers}: {cell.name} reads whole numbers ({name}), which the layer below it would not put out; "
            f"make it with num_layers=1, and a layer of another cell, of input_size {output_size}, that reads its output"
        )
    if residual:
        raise ArgumentError(f"residual=True adds the input to the output, and {cell.name} reads whole numbers ({name}); leave it out")
