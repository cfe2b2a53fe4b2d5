"""What a function of a generated module does, taken down once and done again without Python.

A call of a kernel costs microseconds for each dozen of arrays, before it does anything. Here its machine code leaves an address and
a copy of its arguments behind (`runtime.enlist`), by which it is called again. Between kernels arrays are copied: those copies are
taken down too. The arrays of the first time serve every further time: whoever repeats it writes new values into what the function was
given, and finds results where the function left them.

A team goes through a record together: each thread does its part of every line, or one thread all of it. Threads meet before a line
that reads or writes what other threads wrote since their last meeting, or writes what these read. While the team works for somebody
else, or one of its threads sleeps and the record is too short to wait for it, the caller does every line alone, with the same results.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
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
from rnncc.runtime.share import share, shares
from rnncc.runtime.simd.primitive import primitive
from rnncc.runtime.spans import ALL, Spans
from rnncc.runtime.spin import FOREVER, LINE, barrier
from rnncc.runtime.team import run_together

_FIELDS = 9
"""Of a line: whether threads meet before it; then function, its arguments for a thread of several and for one alone; or 0, target,
source, bytes of a row, bytes from row to row of target and source, how many rows; at last the thread that does it, or `ALL`."""
_ROOM = 1022
"""Words for the arguments of a kernel, unless it needs more; a page with the two words before them."""


class Record:
    """Calls and copies in order. Values that come from parameters alone are not computed again.

    Parameters
    ----------
    threads
        How many go through it together.
    waits
        Whether it is long enough for them to wait until a sleeping one has woken.
    """

    def __init__(self, threads: int = 1, *, waits: bool = False) -> None:
        self.threads, self.waits = threads, waits
        self.addresses: list[tuple[NDArray[np.int64], int, NDArray[Any]]] = []
        """Words that it reads whenever it is done, the index of an address among them, and the array that lies there."""
        self._lines: list[list[int]] = []
        self._alive: list[object] = []
        self._copies: dict[int, tuple[NDArray[Any], NDArray[Any]]] = {}
        self._since = Spans()
        self._owner = ALL
        self._turned = False
        self._meet = np.zeros((1, LINE), np.int64)

    @contextmanager
    def by(self, owner: int) -> Iterator[None]:
        """What is taken down meanwhile is all done by thread `owner`; loops whose parts meet are not."""
        self._owner = owner
        try:
            yield
        finally:
            self._owner = ALL

    def call(
        self, function: Callable[..., Any], bounds: Sequence[int], *arguments: Any, writes: Sequence[NDArray[Any]] | None = None
    ) -> None:
        """`function(part, posts, bounds, *arguments)` for every part: taken down, and not called.

        `bounds` are those of as many threads as the record has, or of fewer; `writes` all arrays that are written to, None: any may be.
        """
        starts = [*bounds[: self._parts], *[bounds[-1]] * max(1, self._parts + 1 - len(bounds))]
        self._call(self._described(function, starts, *arguments), function, bounds, arguments, writes)

    @property
    def _parts(self) -> int:
        """Of a line that is taken down now."""
        return self.threads if self._owner == ALL else 1

    def of(self, _layer: int) -> "Record":
        """Lines of all layers follow one another."""
        return self

    @property
    def before(self) -> "Record":
        """Nothing is cut in time: lines follow one another as they come."""
        return self

    after = before

    def varies(self, array: NDArray[Any]) -> None:
        """As of `runtime.lines.Lines`; nothing is cut in time."""

    def shares(self, number: int) -> list[int]:
        """As `runtime.share.shares`; of calls in a row every other gives what does not divide to the first threads, not the last."""
        self._turned = not self._turned
        bounds = shares(number, self.threads)
        return [number - bound for bound in reversed(bounds)] if self._turned else bounds

    def call_meeting(self, function: Callable[..., Any], count: int, *arguments: Any) -> None:
        """`function(part, posts, bounds, meet, *arguments)` where all parts take the same `count` rows and meet in between."""
        meet = np.zeros((1, LINE), np.int64)
        self.clear(meet)
        meet[0, 0] = FOREVER  # nobody waits while the call is described
        together = self._described(function, [0, *[count] * self.threads], meet, *arguments)
        meet[0, 0] = 0
        self._call(together, function, [0, count], (np.zeros((0, LINE), np.int64), *arguments), None, meet)

    def copy(self, target: NDArray[Any], source: NDArray[Any]) -> None:
        """target[...] = source for arrays of one dtype and shape, contiguous along their last axis: taken down, and not done."""
        if source.shape != target.shape:
            raise InternalError(f"a record copies rows: found {source.shape} to {target.shape}")
        if target.ndim > 2 and not (_merge(target) and _merge(source)):
            for t, s in zip(target, source, strict=True):
                self.copy(t, s)
            return
        width = target.shape[-1] if target.ndim else 1
        if target.size:
            self._copy(target.reshape(-1, width), source.reshape(-1, width))

    def clear(self, target: NDArray[Any]) -> None:
        """target[...] = 0: taken down, and not done."""
        self.copy(target, np.broadcast_to(np.zeros(target.shape[-1:], target.dtype), target.shape))

    def bound(self) -> Callable[[], None]:
        """What does everything taken down so far once again, as long as this record lives."""
        lines = np.array(self._lines, np.int64).reshape(-1, _FIELDS)
        for k, (target, source) in self._copies.items():
            self.addresses += [(lines[k], 2, target), (lines[k], 3, source)]
        alone = partial(_start, *self._replayed(1, lines))
        if self.threads == 1:
            return alone
        parts = np.zeros(self.threads + 1, np.int64)
        return partial(self._together, parts, *self._replayed(self.threads, lines), alone)

    def _together(self, parts: NDArray[np.int64], function: int, arguments: int, alone: Callable[[], None]) -> None:
        self._meet[0, 0] = 0
        run_together(_start_together, parts, function, arguments, alone=alone, waits=self.waits)

    def _replayed(self, parts: int, lines: NDArray[np.int64]) -> tuple[int, int]:
        """Address of what goes through `lines` as so many parts, and of its arguments."""
        bounds = np.zeros(parts + 1, np.int64)
        address, frame = describe(_replay, bounds, lines, self._meet)
        self._alive.append((bounds, lines, frame))
        return address, frame.ctypes.data

    def _described(self, function: Callable[..., Any], starts: Sequence[int], *arguments: Any) -> tuple[int, int]:
        """Address of a kernel and of its arguments, which live as long as this."""
        bounds = np.zeros(len(starts) + 1, np.int64)[1:]  # behind a zero: part -1 has no row, whether it wraps around or reads before
        address, frame = describe(function, bounds, *arguments)
        bounds[:] = starts
        self._alive.append((bounds, frame))
        arrays = [a for a in arguments if isinstance(a, np.ndarray) and a.size]
        self.addresses += ((frame, int(k), a) for a in arrays for k in np.flatnonzero(frame == a.ctypes.data))
        return address, frame.ctypes.data

    def _call(
        self,
        together: tuple[int, int],
        function: Callable[..., Any],
        bounds: Sequence[int],
        arguments: tuple[Any, ...],
        writes: Sequence[NDArray[Any]] | None,
        *further: NDArray[Any],
    ) -> None:
        by_one = self._parts == 1 and not further
        alone = together if by_one else self._described(function, [0, bounds[-1]], *arguments)
        given = [*(a for a in arguments if isinstance(a, np.ndarray)), *further]
        self._add([together[0], together[1], alone[1], 0, 0, 0, 0], given, given if writes is None else writes)
        self._alive.append((function, arguments, further))

    def _copy(self, target: NDArray[Any], source: NDArray[Any]) -> None:
        if not target[:1].flags.c_contiguous or not source[:1].flags.c_contiguous:
            raise InternalError(f"a record copies rows: found strides {source.strides} to {target.strides}")
        steps = (target.strides[0], source.strides[0], len(target))
        self._copies[len(self._lines)] = (target, source)
        self._add([0, target.ctypes.data, source.ctypes.data, target[:1].nbytes, *steps], [source], [target])

    def _add(self, line: list[int], reads: Sequence[NDArray[Any]], writes: Sequence[NDArray[Any]]) -> None:
        meet = self._since.clash(reads, writes, self._owner)
        if meet:
            self._since = Spans()
        self._since.add(reads, writes, self._owner)
        self._lines.append([int(meet), *line, self._owner])


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


def _merge(array: NDArray[Any]) -> bool:
    """Whether all axes but the last are as good as one."""
    shape, strides = array.shape[:-1], array.strides[:-1]
    return all(outer == count * inner for (outer, inner), count in zip(pairwise(strides), shape[1:], strict=True))


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
def _start_together(part, posts, parts, function, arguments):  # type: ignore[no-untyped-def]
    """As `_start`, with the other parts."""
    enlist(part, posts)
    failed = call(function, arguments, part)
    dismiss(part, posts)
    if failed:
        raise MemoryError("a kernel ran out of memory")


@kernel
def _replay(part, posts, bounds, lines, meet):  # type: ignore[no-untyped-def]
    """One part of every line of a record, in order; `bounds` says how many parts there are."""
    enlist(part, posts)
    parts = len(bounds) - 1
    failed, meeting = 0, 0
    for k in range(lines.shape[0] if part != NO_PART else 0):
        if lines[k, 0]:
            meeting = barrier(meet, parts, meeting)
        owner = lines[k, 8]
        if parts > 1 and owner not in (ALL, part):
            continue
        own, owners = (part, parts) if owner == ALL else (0, 1)
        if lines[k, 1]:
            failed |= call(lines[k, 1], lines[k, 3 if owners == 1 else 2], own)
            continue
        first, last = share(lines[k, 7], own, owners)
        for row in range(first, last):
            _move(lines[k, 2] + row * lines[k, 5], lines[k, 3] + row * lines[k, 6], lines[k, 4])
    dismiss(part, posts)
    if failed:
        raise MemoryError("a kernel ran out of memory")
