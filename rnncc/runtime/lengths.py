"""Sequences of different lengths: sorted by length before the kernels, in the caller's order again after them."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.errors import ShapeError
from rnncc.runtime.given import as_array
from rnncc.runtime.library import placed

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """Lengths of a batch in which some sequence ends early.

    Parameters
    ----------
    lengths
        (N,) int64, descending.
    order
        (N,) which row of the caller stands at each sorted row.
    picked
        `order`, where the batch's arrays are.
    back
        (N,) which sorted row stands at each row of the caller; there as well.
    dead
        (T, N) bool: steps of sorted rows past their length; there as well.
    """

    lengths: Index
    order: Index
    picked: Index
    back: Index
    dead: NDArray[np.bool_]


def ragged(lengths: object, steps: int, rows: int, library: ModuleType = np) -> Ragged | None:
    """`lengths` sorted, or None where every sequence has all steps.

    Raises `ShapeError` where `lengths` is not (N,) whole numbers from 0 to T.
    """
    if lengths is None:
        return None
    found = whole_lengths(lengths, steps, rows, "lengths", "T")
    if (found == steps).all():
        return None
    order = np.argsort(-found, kind="stable")
    descending = found[order]
    back = np.empty_like(order)
    back[order] = np.arange(rows)
    dead = np.arange(steps)[:, None] >= descending
    return Ragged(descending, order, placed(library, order), placed(library, back), placed(library, dead))


def whole_lengths(lengths: object, most: int, rows: int, what: str, axis: str) -> Index:
    """`lengths` as (N,) int64; raises `ShapeError` unless they are whole numbers from 0 to `most`, the length of `axis`."""
    found = as_array(lengths, what)
    if found.shape != (rows,):
        raise ShapeError(f"{what}: found shape {found.shape}, expected (N = {rows},): one length a sequence")
    if found.dtype.kind not in "iu" and rows > 0:
        raise ShapeError(f"{what}: found {found.dtype}, expected whole numbers; convert with .astype('int64')")
    outside = _outside(found, most)
    if outside.size:
        raise ShapeError(f"{what}: found {found[outside[0]]} at row {outside[0]}, expected 0 to {axis} = {most}")
    return found.astype(np.int64)


def _outside(found: NDArray[Any], most: int) -> NDArray[np.intp]:
    return np.flatnonzero((found < 0) | (found > most))
