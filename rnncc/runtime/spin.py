"""Waiting inside kernels: counters that threads share, read and written in order, and a barrier on them.

A wait spins for a while, then lets other threads run between looks, so that it ends also where there are more threads than cores.
"""

import sys
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import Signature
from numba.core.typing.templates import signature

from rnncc.runtime.simd.memory import address
from rnncc.runtime.simd.primitive import primitive

LINE = 8
"""int64 counters a cache line; a row of counters is one line or more."""
FOREVER = 1 << 62
"""Looks that nobody lives to see the end of."""
_EAGER = 200
"""Looks before a wait lets other threads run: about 5 µs, since whoever is waited for may need this very core."""
_COUNT = ir.IntType(64)


def is_counters(array: types.Type) -> bool:
    """Whether `array` holds rows of counters."""
    return isinstance(array, types.Array) and array.ndim == 2 and array.dtype == types.int64


def wait(builder: ir.IRBuilder, counter: ir.Value, value: ir.Value, looks: ir.Value) -> ir.Value:
    """Emit: look at a counter until it reaches `value`, `looks` looks at most; whether it did."""
    before = builder.block
    look_at, again, end = (builder.append_basic_block(name) for name in ("wait.look", "wait.again", "wait.end"))
    builder.branch(look_at)
    builder.position_at_end(look_at)
    look = builder.phi(_COUNT)
    look.add_incoming(_COUNT(0), before)
    reached = builder.icmp_signed(">=", builder.load_atomic(counter, "acquire", 8, typ=_COUNT), value)
    builder.cbranch(builder.or_(reached, builder.icmp_signed(">=", look, looks)), end, again)
    builder.position_at_end(again)
    with builder.if_else(builder.icmp_signed("<", look, _COUNT(_EAGER))) as (eager, patient):
        with eager:
            _pause(builder)
        with patient:
            _give_way(builder)
    look.add_incoming(builder.add(look, _COUNT(1)), builder.block)
    builder.branch(look_at)
    builder.position_at_end(end)
    return reached


def _pause(builder: ir.IRBuilder) -> None:
    """The processor's hint that this is a spin; nothing where it has none."""
    if "x86" in builder.module.triple:
        builder.call(cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), []), "llvm.x86.sse2.pause"), [])


def _give_way(builder: ir.IRBuilder) -> None:
    """Let another thread run on this core."""
    if sys.platform != "win32":
        builder.call(cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.IntType(32), []), "sched_yield"), [])


def _written(array: types.Type, row: types.Type, column: types.Type, value: types.Type) -> Signature | None:
    return _typed(types.int64, array, row, column, value)


def _reached(array: types.Type, row: types.Type, column: types.Type, value: types.Type, looks: types.Type) -> Signature | None:
    return _typed(types.boolean, array, row, column, value, looks)


def _met(array: types.Type, parts: types.Type, meeting: types.Type) -> Signature | None:
    return _typed(types.int64, array, parts, meeting)


def _typed(result: types.Type, array: types.Type, *integers: types.Type) -> Signature | None:
    """A function of counters and integers."""
    fits = is_counters(array) and all(isinstance(t, types.Integer) for t in integers)
    return signature(result, array, *[types.int64] * len(integers)) if fits else None


def _write(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    builder.store_atomic(values[3], address(context, builder, sig.args[0], values[0], values[1:3]), "release", 8)
    return values[3]


def _wait_until(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    return wait(builder, address(context, builder, sig.args[0], values[0], values[1:3]), *values[3:])


def _meet(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    counters, parts, meeting = values
    met = builder.add(meeting, _COUNT(1))
    with builder.if_then(builder.icmp_signed(">", parts, _COUNT(1))):
        arrivals = address(context, builder, sig.args[0], counters, [_COUNT(0), _COUNT(0)])
        builder.atomic_rmw("add", arrivals, _COUNT(1), "acq_rel")
        wait(builder, arrivals, builder.mul(met, parts), _COUNT(FOREVER))
    return met


@primitive(_written, _write)
def atomic_write(counters: Any, row: int, column: int, value: int) -> Any:
    """Set a counter, after everything written before."""


@primitive(_reached, _wait_until)
def wait_until(counters: Any, row: int, column: int, value: int, looks: int) -> Any:
    """Whether a counter reaches `value` within `looks` looks."""


@primitive(_met, _meet)
def barrier(counters: Any, parts: int, meeting: int) -> Any:
    """Wait until all `parts` threads have met once more after `meeting` times; how often they have met then.

    The first counter counts arrivals. A thread that works alone does not wait.
    """
