"""Which thread of which block runs, and what part of the work is its own."""

from typing import Any

from llvmlite import ir

from rnncc.runtime.cuda.constants import LANES, WARPS
from rnncc.runtime.cuda.text import Lowering, device, primitive

_WORD, _COUNT = ir.IntType(32), ir.IntType(64)


def _counted(types: Any) -> Any:
    return (types.int64,)


def _register(name: str) -> Lowering:
    """Lower to the reading of one of the special registers."""

    def lower(_context: Any, builder: ir.IRBuilder, _sig: Any, _values: Any) -> ir.Value:
        known = builder.module.globals
        name_ = f"llvm.nvvm.read.ptx.sreg.{name}"
        function = known[name_] if name_ in known else ir.Function(builder.module, ir.FunctionType(_WORD, []), name_)
        return builder.zext(builder.call(function, []), _COUNT)

    return lower


@primitive(_counted, _register("tid.x"))
def thread_number() -> Any:
    """The number of this thread in its block."""


@primitive(_counted, _register("ctaid.x"))
def block_number() -> Any:
    """The number of this thread's block in the grid."""


@primitive(_counted, _register("nctaid.x"))
def block_count() -> Any:
    """How many blocks the grid has."""


@device
def threads() -> tuple[int, int, int]:
    """This thread's number in its block, that of its warp, and that of its lane in the warp."""
    thread = thread_number()
    return thread, thread // LANES, thread % LANES


@device
def part_of(rows: int, owners: int) -> tuple[int, int, int]:
    """First row of this block's part of the batch, the row after its last, and the block's number among the `owners` of this part."""
    block = block_number()
    first = block // owners * rows
    return first, first + rows, block % owners


@device
def grid_warps() -> tuple[int, int, int]:
    """This warp's number in the grid, this thread's lane in the warp, and how many warps the grid has."""
    thread = thread_number()
    return block_number() * WARPS + thread // LANES, thread % LANES, block_count() * WARPS


@device
def grid_threads() -> tuple[int, int]:
    """This thread's number in the grid, and how many threads the grid has."""
    return block_number() * WARPS * LANES + thread_number(), block_count() * WARPS * LANES


def _index_type(types: Any, index: Any) -> Any:
    return (types.int64, types.int64) if isinstance(index, types.Integer) else None


def _unknown(_context: Any, builder: ir.IRBuilder, _sig: Any, values: Any) -> ir.Value:
    return builder.asm(ir.FunctionType(_COUNT, [_COUNT]), "mov.u64 $0, $1;", "=l,l", list(values), True)


@primitive(_index_type, _unknown)
def anew(index: int) -> Any:
    """`index`, of which a compiler knows nothing: what is computed of it is computed after this, not ahead of the loops around it.

    An array's index of a step times the size of a step takes two registers. Found ahead of a product they are held through it, where
    sums and operands need nearly all that a thread has; a step with many arrays would spill.
    """
