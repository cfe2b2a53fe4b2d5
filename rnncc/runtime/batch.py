"""The way in and out of the kernels: time-major, batched, sorted by length; and back to the caller's layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.errors import ArgumentError, ShapeError
from rnncc.runtime.aligned import copied
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.given import as_floats, describe, expect_shape
from rnncc.runtime.indices import as_indices, expect_below
from rnncc.runtime.kernels import Array
from rnncc.runtime.keywords import suggestion
from rnncc.runtime.lengths import Index, Ragged, ragged


@dataclass(frozen=True)
class Batch:
    """The layout in which a caller gave its sequences.

    Parameters
    ----------
    steps, rows
        T and N; N is 1 without a batch.
    batched, batch_first
        Whether there is an axis N, and whether it comes first.
    ragged
        Lengths, where some sequence ends early.
    by_name
        The caller gave a dict of inputs.
    single
        Inputs of one number a step that came with an axis of length 1 for it.
    library
        Whose arrays these are: NumPy, or CuPy.
    """

    steps: int
    rows: int
    batched: bool
    batch_first: bool
    ragged: Ragged | None
    by_name: bool
    single: frozenset[str] = frozenset()
    library: ModuleType = np

    @property
    def leading(self) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Sizes and names of the axes before the units, as the caller has them."""
        if not self.batched:
            return (self.steps,), ("T",)
        return ((self.rows, self.steps), ("N", "T")) if self.batch_first else ((self.steps, self.rows), ("T", "N"))

    @property
    def order(self) -> Index | None:
        """(N,) which row of the caller stands at each sorted row; None where they are in the caller's order."""
        return None if self.ragged is None else self.ragged.order

    @property
    def lengths(self) -> Index | None:
        """(N,) int64, descending, or None where every sequence has T steps."""
        return None if self.ragged is None else self.ragged.lengths

    @property
    def live(self) -> NDArray[np.bool_] | None:
        """The steps before each sequence's end, in the caller's layout; None where all have every step."""
        return None if self.ragged is None else self.leave(~self.ragged.dead)

    def enter(self, array: Array, *, own: bool) -> Array:
        """A stream in the caller's layout as (T, N, …): C-contiguous, sorted, zero past each sequence's length.

        With `own` the result shares no memory with `array`.
        """
        inside = array[:, None] if not self.batched else array.swapaxes(0, 1) if self.batch_first else array
        if self.ragged is not None:
            inside = inside[:, self.ragged.picked]
            inside[self.ragged.dead] = 0  # whatever a caller has in the padding, NaN included, must reach nothing
        inside = self.library.ascontiguousarray(inside)
        if not own or not np.may_share_memory(inside, array):
            return inside
        return copied(inside) if self.library is np else inside.copy()

    def leave(self, stream: NDArray[Any]) -> NDArray[Any]:
        """A stream (T, N, …) in the caller's layout and order of rows."""
        if not self.batched:
            return stream[:, 0]
        outside = stream if self.ragged is None else stream[:, self.ragged.back]
        return outside.swapaxes(0, 1) if self.batch_first else outside

    def enter_state(self, array: Array, *, own: bool) -> Array:
        """A state (L*D, N, …), or (L*D, …) without a batch, as (L*D, N, …) with sorted rows."""
        inside = array if self.batched else array[:, None]
        if self.ragged is not None:
            return self.library.ascontiguousarray(inside[:, self.ragged.picked])
        return self.library.array(inside, order="C") if own else self.library.ascontiguousarray(inside)

    def leave_state(self, state: Array) -> Array:
        """A state (L*D, N, …) as the caller has it."""
        if not self.batched:
            return state[:, 0]
        return state if self.ragged is None else state[:, self.ragged.back]


def read_streams(
    geometry: Geometry, dtype: np.dtype[Any], batch_first: bool, x: object, lengths: object, library: ModuleType = np
) -> tuple[Batch, dict[str, Array]]:
    """The layout of `x`, and its arrays by input name, still in that layout.

    Raises `ShapeError` and `DtypeError` for arrays that do not fit, `ArgumentError` for inputs that are missing or unknown.
    """
    given = _by_name(geometry, x)
    indices = geometry.cell.indices
    arrays = {
        name: as_indices(value, what, library) if name in indices else as_floats(value, dtype, what, library)
        for (name, value), what in zip(given.items(), (_called(geometry, name) for name in given), strict=True)
    }
    name, axes = geometry.cell.inputs[0]
    units = geometry.shape(axes)
    first = arrays[name]
    batched = _is_batched(first, units, axes, _called(geometry, name), batch_first)
    steps = first.shape[1] if batched and batch_first else first.shape[0]
    rows = first.shape[0 if batch_first else 1] if batched else 1
    ends = ragged(lengths, steps, rows, library)
    batch = Batch(steps, rows, batched, batch_first, ends, isinstance(x, Mapping), library=library)
    further = geometry.cell.inputs[1:]
    single = frozenset(name for name, axes in further if not axes and _has_one_more(batch, arrays[name]))
    arrays |= {name: arrays[name][..., 0] for name in single}
    for name, axes in further:
        _expect_stream(batch, arrays[name], geometry.shape(axes), axes, _called(geometry, name))
    live = batch.live if indices else None
    for name, size in indices.items():
        expect_below(arrays[name], geometry.shape((size,))[0], live, batch.leading[1], _called(geometry, name))
    return replace(batch, single=single), arrays


def _expect_stream(batch: Batch, array: Array, units: tuple[int, ...], axes: Sequence[str], what: str) -> None:
    sizes, names = batch.leading
    expect_shape(array, (*sizes, *units), (*names, *axes), what)


def _has_one_more(batch: Batch, array: Array) -> bool:
    """Whether one number a step has an axis of its own."""
    return array.ndim == len(batch.leading[0]) + 1 and array.shape[-1] == 1


def _by_name(geometry: Geometry, x: object) -> dict[str, object]:
    names = [name for name, _ in geometry.cell.inputs]
    if not isinstance(x, Mapping):
        if len(names) > 1:
            raise ArgumentError(f"{geometry.cell.name} has the inputs {', '.join(names)}: give x as a dict with these keys")
        return {names[0]: x}
    for name in x:
        if name not in names:
            raise ArgumentError(f"{geometry.cell.name} has no input {name!r}{suggestion(str(name), names)}")
    missing = [name for name in names if name not in x]
    if missing:
        raise ArgumentError(f"x: found the keys {', '.join(map(str, x)) or 'none'}, {', '.join(missing)} missing")
    return {name: x[name] for name in names}


def _called(geometry: Geometry, name: str) -> str:
    return "x" if len(geometry.cell.inputs) == 1 else f"input {name}"


def _is_batched(array: Array, units: tuple[int, ...], axes: Sequence[str], what: str, batch_first: bool) -> bool:
    leading = array.ndim - len(units)
    if leading not in (1, 2) or array.shape[leading:] != units:
        names = ("N", "T") if batch_first else ("T", "N")
        batched = describe((None, None, *units), (*names, *axes))
        single = describe((None, *units), ("T", *axes)).split(":")[0]
        raise ShapeError(f"{what}: found shape {array.shape}, expected {batched}; or {single} without a batch")
    return leading == 2
