"""Waiting inside kernels: counters that threads share, read and written in order, and a barrier on them.

A wait spins for a while, then lets other threads run between looks, so that it ends also where there are more threads than cores.
"""

import sys
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import Signature
from numba.core.typing.templates import signature

from rnncc.runtime.compiled import kernel
from rnncc.runtime.simd.memory import address
from rnncc.runtime.simd.primitive import primitive

LINE = 8
"""int64 counters a cache line; a row of counters is one line or more."""
_EAGER = 2000
"""Looks before a wait lets other threads run: about 20 µs."""


def is_counters(array: types.Type) -> bool:
    """Whether `array` holds rows of counters."""
    return isinstance(array, types.Array) and array.ndim == 2 and array.dtype == types.int64


def _counter(array: types.Type, row: types.Type, column: types.Type, *rest: types.Type) -> Signature | None:
    integers = all(isinstance(t, types.Integer) for t in (row, column, *rest))
    return (
        signature(types.int64, array, types.intp, types.intp, *[types.int64] * len(rest)) if integers and is_counters(array) else None
    )


def _add(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    place = address(context, builder, sig.args[0], values[0], values[1:3])
    return builder.atomic_rmw("add", place, values[3], "acq_rel")


def _read(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    return builder.load_atomic(address(context, builder, sig.args[0], values[0], values[1:3]), "acquire", 8, typ=ir.IntType(64))


def _write(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    builder.store_atomic(values[3], address(context, builder, sig.args[0], values[0], values[1:3]), "release", 8)
    return values[3]


def _nothing() -> Signature:
    return signature(types.void)


def _pause(context: Any, builder: ir.IRBuilder, _sig: Signature, _values: Any) -> ir.Value:
    """The processor's hint that this is a spin; nothing where it has none."""
    if context.codegen().target_data and "x86" in builder.module.triple:
        hint = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), []), "llvm.x86.sse2.pause")
        builder.call(hint, [])
    return context.get_dummy_value()


def _give_way(context: Any, builder: ir.IRBuilder, _sig: Signature, _values: Any) -> ir.Value:
    if sys.platform != "win32":
        give_way = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.IntType(32), []), "sched_yield")
        builder.call(give_way, [])
    return context.get_dummy_value()


@primitive(_counter, _add)
def atomic_add(counters: Any, row: int, column: int, amount: int) -> Any:
    """Add `amount` to a counter; its value before."""


@primitive(_counter, _read)
def atomic_read(counters: Any, row: int, column: int) -> Any:
    """A counter; what its writer wrote before is seen after."""


@primitive(_counter, _write)
def atomic_write(counters: Any, row: int, column: int, value: int) -> Any:
    """Set a counter, after everything written before."""


@primitive(_nothing, _pause)
def pause() -> None:
    """Tell the processor that this thread waits."""


@primitive(_nothing, _give_way)
def give_way() -> None:
    """Let another thread run on this core."""


@kernel
def wait_until(counters, row, column, value, looks):  # type: ignore[no-untyped-def]
    """Whether a counter reaches `value` within `looks` looks."""
    for look in range(looks):
        if atomic_read(counters, row, column) >= value:
            return True
        rest(look)
    return False


@kernel
def rest(look):  # type: ignore[no-untyped-def]
    """Between two looks at a counter, this being number `look`."""
    if look < _EAGER:
        pause()
    else:
        give_way()


@kernel
def barrier(counters, parts, meeting):  # type: ignore[no-untyped-def]
    """Wait until all `parts` threads have met once more after `meeting` times; how often they have met then.

    The first counter counts arrivals. A thread that works alone does not wait.
    """
    if parts > 1:
        atomic_add(counters, 0, 0, 1)
        look = 0
        while atomic_read(counters, 0, 0) < (meeting + 1) * parts:
            rest(look)
            look += 1
    return meeting + 1
