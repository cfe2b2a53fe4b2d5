"""Memory of a block: what is shared by its threads, and weights that stay in it for the whole sequence."""

from typing import Any

from llvmlite import ir

from rnncc.runtime.cuda.constants import THREADS
from rnncc.runtime.cuda.counts import least
from rnncc.runtime.cuda.places import thread_number
from rnncc.runtime.cuda.text import device, primitive

ACCESS = 16
"""Bytes that a thread reads or writes at once."""
_COUNT = ir.IntType(64)
_SHARED = 3
"""The address space of shared memory."""


def address(context: Any, builder: ir.IRBuilder, array_type: Any, array: ir.Value, index: ir.Value) -> ir.Value:
    """Pointer to the 16 bytes, as four words, that begin at element number `index` of a C-contiguous array of any number of axes."""
    element = builder.gep(context.make_array(array_type)(context, builder, array).data, [index])
    return builder.bitcast(element, ir.VectorType(ir.IntType(32), 4).as_pointer())


def _shared(types: Any, like: Any) -> Any:
    return (types.Array(like.dtype, 1, "C"), like) if isinstance(like, types.Array) else None


def _whole_shared_memory(context: Any, builder: ir.IRBuilder, sig: Any, _values: Any) -> ir.Value:
    """Of the size that the kernel is launched with: it is no constant of the kernel."""
    module, name = builder.module, "shared_memory"
    block = module.globals.get(name)
    if block is None:
        block = ir.GlobalVariable(module, ir.ArrayType(ir.IntType(8), 0), name, _SHARED)
        block.linkage, block.align = "external", ACCESS
    size = builder.asm(ir.FunctionType(ir.IntType(32), []), "mov.u32 $0, %dynamic_smem_size;", "=r", [], False)
    start = builder.addrspacecast(block, ir.IntType(8).as_pointer())
    return _array(context, builder, sig.return_type, start, builder.zext(size, _COUNT))


def _array(context: Any, builder: ir.IRBuilder, kind: Any, data: ir.Value, size: ir.Value) -> ir.Value:
    """An array of one axis over `size` bytes."""
    element = context.get_data_type(kind.dtype)
    width = ir.Constant(_COUNT, kind.dtype.bitwidth // 8)
    made = context.make_array(kind)(context, builder)
    count = builder.udiv(size, width)
    one = ir.Constant(ir.ArrayType(_COUNT, 1), ir.Undefined)
    made.data, made.nitems, made.itemsize = builder.bitcast(data, element.as_pointer()), count, width
    made.shape, made.strides = builder.insert_value(one, count, 0), builder.insert_value(one, width, 0)
    for unused in ("meminfo", "parent"):
        setattr(made, unused, ir.Constant(getattr(made, unused).type, None))
    return made._getvalue()


@primitive(_shared, _whole_shared_memory)
def shared_memory(like: Any) -> Any:
    """All of the block's shared memory as an array of one axis, of the dtype of `like`."""


def _viewed_type(types: Any, array: Any, like: Any) -> Any:
    arrays = isinstance(array, types.Array) and isinstance(like, types.Array) and array.layout == "C"
    return (types.Array(like.dtype, 1, "C"), array, like) if arrays else None


def _view(context: Any, builder: ir.IRBuilder, sig: Any, values: Any) -> ir.Value:
    given = context.make_array(sig.args[0])(context, builder, values[0])
    return _array(context, builder, sig.return_type, given.data, builder.mul(given.nitems, given.itemsize))


@primitive(_viewed_type, _view)
def viewed(array: Any, like: Any) -> Any:
    """The memory of `array` as an array of one axis, of the dtype of `like`."""


def _copied(types: Any, target: Any, at: Any, source: Any, start: Any) -> Any:
    arrays = isinstance(target, types.Array) and isinstance(source, types.Array) and target.layout == source.layout == "C"
    return (types.none, target, types.int64, source, types.int64) if arrays else None


def _copy(context: Any, builder: ir.IRBuilder, sig: Any, values: Any) -> ir.Value:
    target, at, source, start = values
    words = builder.load(address(context, builder, sig.args[2], source, start), align=ACCESS)
    builder.store(words, address(context, builder, sig.args[0], target, at), align=ACCESS)
    return context.get_dummy_value()


@primitive(_copied, _copy)
def copy_access(target: Any, at: int, source: Any, start: int) -> Any:
    """Copy the 16 bytes that begin at element number `start` of `source` to where element number `at` of `target` is."""


@device
def resident(memory: Any, free: int, panel: Any, low: int, keep: int) -> Any:
    """Copy `keep` groups of a panel, from group number `low` on, into shared memory, where they stay for the whole sequence.

    Parameters
    ----------
    memory
        All shared memory of the block, of one axis.
    free
        From which of its elements on it is free: a whole number of 16 bytes.
    panel
        (groups, accumulators, UNITS, row).

    Returns
    -------
    What `multiply` takes as weights, and `free` after it. The block's threads must meet before they multiply.
    """
    copy = viewed(memory[free:], panel)
    kept = least(keep, panel.shape[0] - low)
    size = panel.shape[1] * panel.shape[2] * panel.shape[3]
    step = ACCESS // panel.itemsize
    for at in range(thread_number() * step, kept * size, THREADS * step):
        copy_access(copy, at, panel, low * size + at)
    return (panel, copy, low, kept), free + kept * size * panel.itemsize // memory.itemsize
