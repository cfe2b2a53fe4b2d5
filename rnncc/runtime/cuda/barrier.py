"""The barrier of the blocks that share the units of the same rows.

Each of these parts of the batch has a counter of its own, in a line of memory of its own, to which every block adds 1 when it arrives
(release); then it looks at the counter (acquire) until all of the part have. The counters only grow while a kernel runs, also past
2**31. A wait has an end: who has looked for too long sets a flag, and nobody who sees it waits any more, so that a grid whose blocks
do not all run together ends with an error instead of never.
"""

from typing import Any

from llvmlite import ir

from rnncc.runtime.cuda.places import block_number, thread_number
from rnncc.runtime.cuda.text import Lowering, device, primitive

LINE = 32
"""int32 numbers from one counter to the next: 128 bytes."""
PATIENCE = 1 << 24
"""Looks before a wait is given up: some ten seconds."""
_GLANCE = 1 << 8
"""Looks from one at the flag to the next."""
_WORD = ir.IntType(32)


def _nothing(types: Any) -> Any:
    return (types.none,)


def _counter(types: Any, counters: Any, at: Any) -> Any:
    fits = isinstance(counters, types.Array) and counters.dtype == types.int32 and counters.ndim == 1
    return (types.int64, counters, types.int64) if fits else None


def _sync(context: Any, builder: ir.IRBuilder, _sig: Any, _values: Any) -> ir.Value:
    name = "llvm.nvvm.barrier0"
    function = builder.module.globals.get(name) or ir.Function(builder.module, ir.FunctionType(ir.VoidType(), []), name)
    builder.call(function, [])
    return context.get_dummy_value()


def _at_counter(text: str, constraints: str) -> Lowering:
    """Lower to the instruction `text` on the address of a counter."""

    def lower(context: Any, builder: ir.IRBuilder, sig: Any, values: Any) -> ir.Value:
        place = builder.gep(context.make_array(sig.args[0])(context, builder, values[0]).data, [values[1]])
        word = builder.asm(ir.FunctionType(_WORD, [place.type]), text, constraints, [place], True)
        return builder.sext(word, ir.IntType(64))

    return lower


@primitive(_nothing, _sync)
def sync_block() -> Any:
    """Every thread of the block has come here, and sees what the others wrote before."""


@primitive(_counter, _at_counter("atom.add.release.gpu.s32 $0, [$1], 1;", "=r,l,~{memory}"))
def arrive(counters: Any, at: int) -> Any:
    """Add 1 to a counter, after everything that this thread knows to be written; its value before."""


@primitive(_counter, _at_counter("ld.acquire.gpu.s32 $0, [$1];", "=r,l,~{memory}"))
def look(counters: Any, at: int) -> Any:
    """A counter's value, read before everything that this thread reads later."""


@device
def begin() -> int:
    """Let the threads of the block meet; 0, the number of meetings of the part's blocks so far."""
    sync_block()
    return 0


@device
def barrier(meet: Any, owners: int, meeting: int) -> int:
    """Let the `owners` blocks that share this block's rows meet once more after `meeting` times; how often they have met then.

    Parameters
    ----------
    meet
        int32, zero when the kernel starts: the flag first, which is 1 where a wait was given up, then LINE for it and for each part.
    """
    sync_block()
    if owners > 1:
        if thread_number() == 0:
            _meet(meet, LINE + block_number() // owners * LINE, (meeting + 1) * owners)
        sync_block()
    return meeting + 1


@device
def _meet(meet: Any, counter: int, arrivals: int) -> None:
    """Arrive, and wait for a counter to reach `arrivals`, modulo 2**32."""
    arrive(meet, counter)
    looks = 0
    while ((look(meet, counter) - arrivals) & 0xFFFFFFFF) >= 0x80000000:
        looks = looks + 1
        if looks % _GLANCE == 0 and look(meet, 0) != 0:
            looks = PATIENCE
        if looks >= PATIENCE:
            meet[0] = 1
            break
