"""What a function of a generated module does, taken down once and done again without Python.

A call of a kernel costs microseconds for each dozen of arrays, before it does anything. Here its machine code leaves an address and
a copy of its arguments behind (`runtime.enlist`), by which it is called again. Between kernels arrays are copied: those copies are
taken down too. The arrays of the first time serve every further time: whoever repeats it writes new values into what the function was
given, and finds results where the function left them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import Signature
from numba.core.typing.templates import signature
from numpy.typing import NDArray

from rnncc.errors import InternalError
from rnncc.runtime.compiled import kernel
from rnncc.runtime.enlist import NO_PART, call, dismiss, enlist
from rnncc.runtime.simd.primitive import primitive
from rnncc.runtime.team import run_parts

_FIELDS = 7
"""Of a line: function, arguments; or 0, target, source, bytes of a row, bytes from row to row of target and source, how many rows."""
_OWN_ROWS = -1
"""In place of a number of rows: each thread copies its own rows of the batch."""
_ROOM = 1022
"""Words for the arguments of a kernel, unless it needs more; a page with the two words before them."""


class Record:
    """Calls and copies in order. Values that come from parameters alone are not computed again.

    Parameters
    ----------
    bounds
        First row of each thread, and N.
    """

    def __init__(self, bounds: NDArray[np.int64]) -> None:
        self.bounds = _guarded(bounds)
        self._lines: list[tuple[int, ...]] = []
        self._alive: list[object] = []

    def call(self, function: Callable[..., Any], *arguments: Any, rows: int | None = None) -> None:
        """`function(part, posts, bounds, *arguments)` over all rows: taken down, and not called.

        `rows` are others where something else is counted than the rows of the batch; only a single thread takes down such calls.
        """
        bounds = self.bounds if rows in (None, self.bounds[-1]) else _guarded(np.array([0, rows]))
        address, frame = describe(function, bounds, *arguments)
        self._add((address, frame.ctypes.data, 0, 0, 0, 0, 0), function, bounds, arguments, frame)

    def copy(self, target: NDArray[Any], source: NDArray[Any]) -> None:
        """target[...] = source for arrays (N, …) of one dtype and shape, contiguous along their last axis: taken down, and not done."""
        if target.ndim > 2:
            for line in range(target.shape[1]):
                self.copy(target[:, line], source[:, line])
            return
        self._copy(target, source, _OWN_ROWS)

    def copy_steps(self, target: NDArray[Any], source: NDArray[Any]) -> None:
        """As `copy`, step by step of arrays (T, N, …)."""
        for step in range(len(target)):
            self.copy(target[step], source[step])

    def copy_whole(self, target: NDArray[Any], source: NDArray[Any]) -> None:
        """As `copy`, of arrays whose first axis is not the batch: one thread copies them, whatever their shape."""
        if target.ndim > 2:
            for t, s in zip(target, source, strict=True):
                self.copy_whole(t, s)
        elif target.ndim < 2:
            self._copy(target.reshape(1, -1), source.reshape(1, -1), 1)
        else:
            self._copy(target, source, len(target))

    def clear(self, target: NDArray[Any]) -> None:
        """target[...] = 0: taken down, and not done; as `copy_whole`."""
        self.copy_whole(target, np.broadcast_to(np.zeros(target.shape[-1:], target.dtype), target.shape))

    def bound(self) -> Callable[[], None]:
        """What does everything taken down so far once again, as long as this record lives."""
        lines = np.array(self._lines, np.int64).reshape(-1, _FIELDS)
        if len(self.bounds) > 2:
            return partial(run_parts, _replay, self.bounds, lines)
        address, frame = describe(_replay, self.bounds, lines)
        self._alive.append((lines, frame))
        return partial(_start, address, frame.ctypes.data)

    def _copy(self, target: NDArray[Any], source: NDArray[Any], rows: int) -> None:
        if not target[:1].flags.c_contiguous or not source[:1].flags.c_contiguous or source.shape != target.shape:
            raise InternalError(f"a record copies rows: found {source.shape} to {target.shape}")
        width = target[:1].nbytes
        if width:
            line = (0, target.ctypes.data, source.ctypes.data, width, target.strides[0], source.strides[0], rows)
            self._add(line, target, source)

    def _add(self, line: tuple[int, ...], *alive: object) -> None:
        self._lines.append(line)
        self._alive.append(alive)


def describe(function: Callable[..., Any], bounds: NDArray[np.int64], *arguments: Any) -> tuple[int, NDArray[np.int64]]:
    """Address of a kernel, and the words of its arguments; the arrays among them must outlive these."""
    room = _ROOM
    while True:
        page = np.zeros((1, room + 2), np.int64)
        function(NO_PART, page[:0], bounds, *arguments)
        address, needed = page[0, :2]
        if needed <= room:
            return int(address), page[0, 2 : 2 + needed]
        room = int(needed)


def _guarded(bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """`bounds` behind a zero: whether part -1 reads before its first number or wraps around, its rows are none."""
    return np.concatenate([[0], bounds])[1:]


def _typed_move(*given: types.Type) -> Signature | None:
    return signature(types.void, *[types.int64] * 3) if len(given) == 3 and all(isinstance(t, types.Integer) for t in given) else None


def _lower_move(context: Any, builder: ir.IRBuilder, _sig: Signature, values: Any) -> ir.Value:
    target, source = (builder.inttoptr(v, cgutils.voidptr_t) for v in values[:2])
    cgutils.raw_memcpy(builder, target, source, values[2], 1)
    return context.get_dummy_value()


@primitive(_typed_move, _lower_move)
def _move(target: int, source: int, count: int) -> None:
    """Copy `count` bytes from address to address."""


@kernel
def _start(function, arguments):  # type: ignore[no-untyped-def]
    """Call a kernel as its only part: two integers are handed over sooner than the arrays that they stand for."""
    if call(function, arguments, 0):
        raise MemoryError("a kernel ran out of memory")


@kernel
def _replay(part, posts, bounds, lines):  # type: ignore[no-untyped-def]
    """One part of the rows through every line of a record, in order."""
    enlist(part, posts)
    failed = 0
    for k in range(lines.shape[0] if part != NO_PART else 0):
        if lines[k, 0]:
            failed |= call(lines[k, 0], lines[k, 1], part)
            continue
        first, last = bounds[part], bounds[part + 1]
        if lines[k, 6] >= 0:
            first, last = 0, lines[k, 6] if part == 0 else 0
        for row in range(first, last):
            _move(lines[k, 1] + row * lines[k, 4], lines[k, 2] + row * lines[k, 5], lines[k, 3])
    dismiss(part, posts)
    if failed:
        raise MemoryError("a kernel ran out of memory")
