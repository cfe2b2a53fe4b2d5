"""Arrays that kernels work on: the last axis holds whole vectors, which never shows outside.

A *trajectory* (T + 1, N, units) holds a carry before and after every step: the first of them in slot 0 of a loop that runs with
time, in the slot of the sequence's own length in one that runs against it. What lies beyond a sequence's end is never read.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.aligned import copied, empty, zeros
from rnncc.runtime.simd.isa import lanes_of
from rnncc.runtime.sweep import Sweep

Array = NDArray[np.floating]


def whole_vectors(units: int, dtype: np.dtype) -> int:
    """`units` rounded up to whole vectors."""
    width = lanes_of(dtype)
    return -(-units // width) * width


def padded(a: Array) -> Array:
    """`a` with its last axis in whole vectors, C-contiguous; `a` itself where it is so already. What is added is zero."""
    units = whole_vectors(a.shape[-1], a.dtype)
    if units == a.shape[-1]:
        return np.ascontiguousarray(a)
    wide = zeros((*a.shape[:-1], units), a.dtype)
    wide[..., : a.shape[-1]] = a
    return wide


def new_stream(sweep: Sweep, dtype: np.dtype, *units: int) -> Array:
    """An array (T, N, *units), or (T, N), of any content."""
    return over_time(sweep, empty((sweep.steps, sweep.batch, *_in_vectors(units, dtype)), dtype))


def over_time(sweep: Sweep, array: NDArray[Any]) -> NDArray[Any]:
    """`array`, the first axis of which is time: so whoever takes down what is done to it is told."""
    if sweep.record is not None:
        sweep.record.varies(array)
    return array


def new_rows(sweep: Sweep, dtype: np.dtype, *units: int) -> Array:
    """An array (N, *units), or (N,), of any content."""
    return empty((sweep.batch, *_in_vectors(units, dtype)), dtype)


def _in_vectors(units: tuple[int, ...], dtype: np.dtype) -> tuple[int, ...]:
    """Lengths of unit axes with the last in whole vectors."""
    return (*units[:-1], whole_vectors(units[-1], dtype)) if units else ()


def stream_from(sweep: Sweep, given: Array) -> Array:
    """A stream (T, N, units) that the caller gives, in whole vectors."""
    wide = padded(given)
    if sweep.record is not None and wide is not given:
        over_time(sweep, wide)
        sweep.record.copy(wide[..., : given.shape[-1]], given)
    return wide


def rows_from(sweep: Sweep, init: Array) -> Array:
    """A copy of `init` (N, units) or (N,) that a kernel updates in place."""
    made = zeros((len(init), *_in_vectors(init.shape[1:], init.dtype)), init.dtype)
    made[_units(init)] = init
    if sweep.record is not None:
        sweep.record.before.copy(made[_units(init)], init)
    return made


def trajectory(sweep: Sweep, init: Array, against: bool) -> Array:
    """A trajectory (T + 1, N, *units) that holds `init` (N, *units) where each sequence begins."""
    made = over_time(sweep, empty((sweep.steps + 1, sweep.batch, *_in_vectors(init.shape[1:], init.dtype)), init.dtype))
    first = (*_first(sweep, against), *_units(init))
    made[first] = init
    if sweep.record is not None:
        sweep.record.before.copy(made[first], init)
    return made


def final(sweep: Sweep, made: Array, units: int | None, against: bool) -> Array:
    """The last values (N, units) of a trajectory; (N,) where `units` is None."""
    last = (*_first(sweep, not against), *(() if units is None else (..., slice(units))))
    found = made[last].copy()
    if sweep.record is not None:
        sweep.record.after.copy(found, made[last])
    return found


def _first(sweep: Sweep, against: bool) -> tuple[Any, ...]:
    """Where a trajectory holds the values before the first step."""
    if sweep.lengths is None or not against:
        return (sweep.steps if against else 0,)
    return (sweep.lengths, np.arange(sweep.batch))


def _units(init: Array) -> tuple[Any, ...]:
    """The units of `init` (N, units) in an array of whole vectors; nothing where `init` is (N,)."""
    return (..., slice(init.shape[-1])) if init.ndim > 1 else (...,)


def preceding(made: Array, against: bool) -> Array:
    """The values before each step: a view (T, N, units) of a trajectory."""
    return made[1:] if against else made[:-1]


def following(made: Array, against: bool) -> Array:
    """The values after each step: a view (T, N, units) of a trajectory."""
    return made[:-1] if against else made[1:]


def shifted(sweep: Sweep, stream: Array, init: Array, against: bool) -> Array:
    """The trajectory of a carry whose every next value is at hand as `stream` (T, N, units)."""
    made = trajectory(sweep, init, against)
    target = following(made, against)
    live, own = sweep.live(), _units(init)
    for time in range(sweep.steps):
        target[time, : live[time], *own] = stream[time, : live[time], *own]
    if sweep.record is not None:
        sweep.record.copy(target[:, *own], stream[:, *own])
    return made


def result(sweep: Sweep, stream: Array, *units: int) -> Array:
    """`stream` as the caller sees it: a new array (T, N, *units), zero past the end of each sequence."""
    source = stream[..., : units[-1]] if units else stream
    made = over_time(sweep, copied(source))
    if sweep.lengths is not None:
        made[sweep.dead()] = 0
    if sweep.record is not None:
        sweep.record.copy(made, source)
    return made


def released(sweep: Sweep, stream: Array, *units: int) -> Array:
    """As `result`, of an array that nobody else holds: that array itself where nothing has to be cut off."""
    if units and units[-1] != stream.shape[-1]:
        return result(sweep, stream, *units)
    if sweep.lengths is not None:
        stream[sweep.dead()] = 0
    return stream
