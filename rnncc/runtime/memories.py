"""Memories that a caller gives, rows to attend to: their way to the kernels and that of their gradients back."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnncc.errors import ArgumentError, ShapeError
from rnncc.runtime.batch import Batch
from rnncc.runtime.cell_info import CellInfo, Memory
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.given import as_floats, describe
from rnncc.runtime.kernels import Array
from rnncc.runtime.keywords import suggestion
from rnncc.runtime.lengths import whole_lengths
from rnncc.runtime.library import placed

Memories = dict[str, Array]
"""What kernels are given: each memory (N, S, size), zero where a row has no position, and which positions exist (N, S)."""


def take_memories(cell: CellInfo, x: object) -> tuple[object, dict[str, object]]:
    """The inputs `x` of a call without its memories, and these by name. Raises `ArgumentError` where a memory is missing."""
    if not cell.memories:
        return x, {}
    names = [m.name for m in cell.memories]
    if not isinstance(x, Mapping):
        every = ", ".join([*(name for name, _ in cell.inputs), *names])
        raise ArgumentError(f"{cell.name} has the inputs {every}: give x as a dict with these keys")
    missing = [name for name in names if name not in x]
    if missing:
        raise ArgumentError(f"x: found the keys {', '.join(map(str, x)) or 'none'}, {', '.join(missing)} missing")
    return {key: value for key, value in x.items() if key not in names}, {name: x[name] for name in names}


def named_memories(cell: CellInfo, memory: object) -> dict[str, object]:
    """`memory`, a dict or the cell's only one, by name. Raises `ArgumentError` for what the cell does not attend to."""
    names = [m.name for m in cell.memories]
    if memory is None and names:
        raise ArgumentError(f"{cell.name} attends to {', '.join(names)}: give memory=, a dict with these keys")
    return _by_name(cell, memory, "memory", names)


def read_memories(geometry: Geometry, dtype: np.dtype[Any], batch: Batch, given: Mapping[str, object], lengths: object) -> Memories:
    """The memories `given` by name as kernels take them: copies, their rows in the order of the batch.

    Parameters
    ----------
    given
        Name -> (N, S, size), S at least 1; (S, size) without a batch.
    lengths
        How many positions of a memory each row has: (N,) whole numbers from 0 to S, or a dict of such by name. None: all.

    Raises
    ------
    ShapeError, DtypeError, ArgumentError
        Where an argument does not fit.
    """
    cell = geometry.cell
    ends = _by_name(cell, lengths, "memory_lengths", [m.name for m in cell.memories])
    found: Memories = {}
    for memory in cell.memories:
        array = _rows(geometry, dtype, batch, memory, given[memory.name])
        exists = np.arange(array.shape[1]) < _lengths(batch, array.shape[1], memory, ends.get(memory.name))[:, None]
        order, there = slice(None) if batch.ragged is None else batch.ragged.picked, placed(batch.library, exists)
        found[memory.name] = batch.library.ascontiguousarray(np.where(there[..., None], array, 0)[order], dtype)
        found[memory.exists] = batch.library.ascontiguousarray(there[order], dtype)
    return found


def leave_memory(batch: Batch, gradient: Array) -> Array:
    """The gradient (N, S, size) of a memory as the caller gave it."""
    if not batch.batched:
        return gradient[0]
    return gradient if batch.ragged is None else gradient[batch.ragged.back]


def _rows(geometry: Geometry, dtype: np.dtype[Any], batch: Batch, memory: Memory, value: object) -> Array:
    """`value` as (N, S, size)."""
    array, what = as_floats(value, dtype, f"memory {memory.name}", batch.library), f"memory {memory.name}"
    (size,) = geometry.shape((memory.size,))
    inside = array if batch.batched else array[None]
    if inside.ndim != 3 or inside.shape[0] != batch.rows or inside.shape[2] != size or inside.shape[1] == 0:
        rows: tuple[list[int | None], list[str]] = ([batch.rows], ["N"]) if batch.batched else ([], [])
        expected = describe((*rows[0], None, size), (*rows[1], "S", memory.size))
        raise ShapeError(f"{what}: found shape {array.shape}, expected {expected}, with one position or more")
    return inside


def _lengths(batch: Batch, positions: int, memory: Memory, given: object) -> Any:
    if given is None:
        return np.full(batch.rows, positions)
    return whole_lengths(given, positions, batch.rows, f"memory_lengths of {memory.name}", "S")


def _by_name(cell: CellInfo, given: object, what: str, names: list[str]) -> dict[str, object]:
    if given is None:
        return {}
    if not names:
        raise ArgumentError(f"{what}: {cell.name} attends to no memory; leave it out")
    if not isinstance(given, Mapping):
        if len(names) > 1:
            raise ArgumentError(f"{cell.name} attends to {', '.join(names)}: give {what} as a dict with these keys")
        return {names[0]: given}
    for name in given:
        if name not in names:
            raise ArgumentError(f"{what}: {cell.name} has no memory {name!r}{suggestion(str(name), names)}")
    missing = [name for name in names if name not in given] if what == "memory" else []
    if missing:
        raise ArgumentError(f"{what}: found the keys {', '.join(map(str, given)) or 'none'}, {', '.join(missing)} missing")
    return dict(given)
