"""As `runtime.arrays`, on a device: the last axis is padded to whole chunks of a product's operands, with zeros.

Products read what is padded, so that it has to be zero in every array that a kernel fills as well.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnncc.runtime.arrays import following, preceding
from rnncc.runtime.cuda.constants import DEPTH
from rnncc.runtime.cuda.lengths import dead_steps, ends
from rnncc.runtime.frozen import PANELS
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import library_of
from rnncc.runtime.sweep import Sweep

__all__ = [
    "final", "following", "new_residual", "new_rows", "new_stream", "padded", "preceding", "released", "result", "rows_from", "shifted",
    "stream_from", "trajectories", "trajectory",
]  # fmt: skip


def whole_chunks(units: int) -> int:
    """`units` rounded up to whole chunks."""
    return -(-units // DEPTH) * DEPTH


def padded(a: Array) -> Array:
    """`a` with its last axis in whole chunks, C-contiguous; `a` itself where it is so already. What is added is zero."""
    library = library_of(a)
    if whole_chunks(a.shape[-1]) == a.shape[-1]:
        return library.ascontiguousarray(a)
    wide = _empty(library, a.shape, a.dtype)
    wide[..., : a.shape[-1]] = a
    return wide


def new_stream(sweep: Sweep, dtype: np.dtype[Any], *units: int) -> Array:
    """An array (T, N, *units), or (T, N), of any content."""
    leading = (sweep.steps, sweep.batch)
    return _empty(sweep.library, (*leading, *units), dtype) if units else sweep.library.empty(leading, dtype)


def new_residual(sweep: Sweep, env: Mapping[str, Any], dtype: np.dtype[Any], *units: int) -> Array:
    """As `new_stream`, of what is kept for a backward pass: the bits of bfloat16 where `env` asks for weights of that."""
    panels = env.get(PANELS)
    return new_stream(sweep, np.dtype(np.uint16) if panels is not None and panels.bfloat16 else dtype, *units)


def new_rows(sweep: Sweep, dtype: np.dtype[Any], *units: int) -> Array:
    """An array (N, *units), or (N,), of any content."""
    return _empty(sweep.library, (sweep.batch, *units), dtype) if units else sweep.library.empty(sweep.batch, dtype)


def stream_from(_sweep: Sweep, given: Array) -> Array:
    """A stream (T, N, units) that the caller gives, in whole chunks."""
    return padded(given)


def rows_from(_sweep: Sweep, init: Array) -> Array:
    """A copy of `init` (N, units) or (N,) that a kernel updates in place."""
    if init.ndim == 1:
        return init.copy()
    wide = _empty(library_of(init), init.shape, init.dtype)
    wide[_units(init)] = init
    return wide


def trajectory(sweep: Sweep, init: Array, against: bool) -> Array:
    """A trajectory (T + 1, N, *units) that holds `init` (N, *units) where each sequence begins."""
    shape = (sweep.steps + 1, *init.shape)
    made = _empty(library_of(init), shape, init.dtype) if init.ndim > 1 else library_of(init).empty(shape, init.dtype)
    made[(*_first(sweep, against), *_units(init))] = init
    return made


def trajectories(sweep: Sweep, inits: Sequence[Array | None], against: bool) -> Array:
    """Trajectories side by side (T + 1, N, parts, units): each holds its `init` (N, units) where each sequence begins, or anything."""
    first = next(init for init in inits if init is not None)
    made = _empty(sweep.library, (sweep.steps + 1, sweep.batch, len(inits), first.shape[1]), first.dtype)
    for part, init in enumerate(inits):
        if init is not None:
            made[:, :, part][(*_first(sweep, against), *_units(init))] = init
    return made


def final(sweep: Sweep, made: Array, units: int | None, against: bool) -> Array:
    """The last values (N, units) of a trajectory; (N,) where `units` is None."""
    last = (*_first(sweep, not against), *(() if units is None else (..., slice(units))))
    return made[last].copy()


def shifted(sweep: Sweep, stream: Array, init: Array, against: bool) -> Array:
    """The trajectory of a carry whose every next value is at hand as `stream` (T, N, units)."""
    made = trajectory(sweep, init, against)
    target, own = following(made, against)[:, *_units(init)], stream[:, *_units(init)]
    target[...] = own if sweep.lengths is None else library_of(init).where(_over(dead_steps(sweep), own), target, own)
    return made


def result(sweep: Sweep, stream: Array, *units: int) -> Array:
    """`stream` as the caller sees it: a new array (T, N, *units), zero past the end of each sequence."""
    return _cut_off(sweep, (stream[..., : units[-1]] if units else stream).copy())


def released(sweep: Sweep, stream: Array, *units: int) -> Array:
    """As `result`, of an array that nobody else holds: that array itself where nothing has to be cut off."""
    if units and units[-1] != stream.shape[-1]:
        return result(sweep, stream, *units)
    return _cut_off(sweep, stream)


def _cut_off(sweep: Sweep, stream: Array) -> Array:
    if sweep.lengths is not None:
        stream[dead_steps(sweep)] = 0
    return stream


def _empty(library: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array of `shape` with its last axis in whole chunks: of any content, but zero where it was padded."""
    made = library.empty((*shape[:-1], whole_chunks(shape[-1])), dtype)
    made[..., shape[-1] :] = 0
    return made


def _over(dead: Any, stream: Array) -> Any:
    """`dead` (T, N) with an axis of length 1 for each unit axis of `stream`."""
    return dead.reshape(*dead.shape, *(1 for _ in stream.shape[2:]))


def _first(sweep: Sweep, against: bool) -> tuple[Any, ...]:
    """Where a trajectory holds the values before the first step."""
    return ends(sweep) if sweep.lengths is not None and against else (sweep.steps if against else 0,)


def _units(init: Array) -> tuple[Any, ...]:
    """The units of `init` (N, units) in an array of whole chunks; nothing where `init` is (N,)."""
    return (..., slice(init.shape[-1])) if init.ndim > 1 else (...,)
