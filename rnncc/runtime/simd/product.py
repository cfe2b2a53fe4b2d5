"""Products of a kernel: rows of operands times a packed weight, the sums left in a small tile in L1.

A kernel does not hold the loops (`runtime.simd.register_tile`): it calls them, by a table of functions that are compiled once a machine
(`runtime.multiply`). So a cell compiles without them, and there can be a variant for every number of rows. Weight gradients have loops
of their own, `add_product`.

    panel  (chunks, K, vectors * lanes)         packed by `runtime.pack`; chunks a multiple of `ABREAST`; or half as much, of bfloat16
    tile   (ISA.tall, vectors of a group, lanes)
"""

import ctypes
from typing import Any

from llvmlite import binding, ir
from numba.core import cgutils, types
from numba.core.typing import Signature
from numba.core.typing.templates import signature

from rnncc.runtime.simd.isa import ISA
from rnncc.runtime.simd.operand import framed, is_operand, operand_of
from rnncc.runtime.simd.panel import ELEMENTS, numbers_of
from rnncc.runtime.simd.primitive import primitive
from rnncc.runtime.simd.register_tile import INTP, Lines, RegisterTile, Shape

_BLOCK_OVER_TIME = 64
"""Rows over time that are summed in one go; such sums are longer, and those of a call meet before they are added to the others."""
FUNCTIONS = (ctypes.c_void_p * len(ELEMENTS))()
"""Address of the function for each type of a panel's elements; `runtime.multiply` puts it there."""
FUNCTIONS_SYMBOL = "rnncc_multiply"
binding.add_symbol(FUNCTIONS_SYMBOL, ctypes.addressof(FUNCTIONS))


def entry_of(element: types.Type) -> int:
    """Where in `FUNCTIONS` the address of the function for panels of `element` stands."""
    return ELEMENTS.index(element)


def _typed(
    tile: types.Type,
    panel: types.Type,
    filled: types.Type,
    group: types.Type,
    row: types.Type,
    count: types.Type,
    *operands: types.Type,
) -> Signature | None:
    if not all(isinstance(a, types.Array) and a.ndim == 3 and a.layout == "C" for a in (tile, panel)):
        return None
    if numbers_of(panel.dtype) != tile.dtype or not operands:
        return None
    if not all(is_operand(o, tile.dtype) and o[0].layout == "C" for o in operands):
        return None
    return signature(types.void, tile, panel, *[types.intp] * 4, *operands)


def _lower(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    tile, panel = (context.make_array(t)(context, builder, v) for t, v in zip(sig.args[:2], values[:2], strict=True))
    filled, group, row, count = values[2:6]
    operands = [operand_of(context, builder, t, v) for t, v in zip(sig.args[6:], values[6:], strict=True)]
    whole, stride = builder.extract_value(tile.shape, 1), builder.extract_value(panel.strides, 0)
    first = builder.mul(group, whole)
    left = builder.sub(filled, first)
    vectors = builder.select(builder.icmp_signed("<", left, whole), left, whole)
    lanes = ir.Constant(INTP, ISA.bits // sig.args[0].dtype.bitwidth)
    before = builder.mul(builder.udiv(first, ir.Constant(INTP, ISA.vectors)), stride)
    weights = builder.add(builder.ptrtoint(panel.data, INTP), before)
    frame, number = builder.ptrtoint(framed(builder, operands, row), INTP), ir.Constant(INTP, len(operands))
    arguments = builder.ptrtoint(tile.data, INTP), builder.mul(whole, lanes), weights, stride, vectors, count, number, frame
    _call(context, builder, sig.args[1].dtype, arguments)
    return context.get_dummy_value()


def _call(context: Any, builder: ir.IRBuilder, element: types.Type, arguments: tuple[ir.Value, ...]) -> None:
    """Call the function for panels of `element`, which has Numba's calling convention and never fails."""
    kind, nothing = context.get_data_type(element), ir.IntType(8).as_pointer()
    function = ir.FunctionType(ir.IntType(32), [nothing.as_pointer(), nothing.as_pointer(), kind, *[INTP] * len(arguments)])
    table = _table(builder.module, function)
    result, fault = (cgutils.alloca_once(builder, nothing) for _ in range(2))
    address = builder.load(cgutils.gep_inbounds(builder, table, 0, entry_of(element)), typ=function.as_pointer())
    builder.call(address, [result, fault, ir.Constant(kind, 0), *arguments])


def _table(module: ir.Module, function: ir.FunctionType) -> ir.GlobalVariable:
    """`FUNCTIONS`, which LLVM finds by its symbol; one variable a module, since a second one would be given another name."""
    if FUNCTIONS_SYMBOL not in module.globals:
        return cgutils.add_global_variable(module, ir.ArrayType(function.as_pointer(), len(ELEMENTS)), FUNCTIONS_SYMBOL)
    return module.globals[FUNCTIONS_SYMBOL]


def _added(
    target: types.Type,
    row: types.Type,
    column: types.Type,
    panel: types.Type,
    first: types.Type,
    operand: types.Type,
    ahead: types.Type,
) -> Signature | None:
    if not all(isinstance(a, types.Array) and a.ndim == 2 and a.dtype == target.dtype for a in (target, panel)):
        return None
    if not isinstance(ahead, types.UniTuple) or len(ahead) != 2 or not isinstance(ahead.dtype, types.Integer):
        return None
    if target.layout != "C" or not is_operand(operand, target.dtype):
        return None
    return signature(types.void, target, types.intp, types.intp, panel, types.intp, operand, types.UniTuple(types.intp, 2))


def _add(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    target, panel = (context.make_array(sig.args[k])(context, builder, values[k]) for k in (0, 3))
    operand = operand_of(context, builder, sig.args[5], values[5]).from_row(builder, values[4])
    element = ir.Constant(INTP, sig.args[3].dtype.bitwidth // 8)
    row = builder.sdiv(builder.extract_value(panel.strides, 0), element)
    lines = Lines(*cgutils.unpack_tuple(builder, values[6], 2))
    work = RegisterTile(context, builder, sig.args[0].dtype, sig.args[3].dtype, row, lines)
    shape, row_stride = Shape(ISA.tall), builder.extract_value(target.shape, 1)
    first = builder.gep(target.data, [builder.add(builder.mul(values[1], row_stride), values[2])])
    places = work.places(shape, first, row_stride)
    for place in places:
        work.fetch(place, to_write=True)
    sums = [cgutils.alloca_once_value(builder, work.zero) for _ in places]
    for own in sums:
        work.put(work.zero, own)
    with work.blocks(ISA.tall, operand, _BLOCK_OVER_TIME) as block:
        work.add(shape, block, [panel.data], sums)
    for own, place in zip(sums, places, strict=True):
        work.put(builder.fadd(work.get(place), work.get(own)), place)
    return context.get_dummy_value()


@primitive(_typed, _lower)
def product(tile: Any, panel: Any, filled: int, group: int, row: int, count: int, *operands: Any) -> None:
    """Fill `tile` with rows [row, row + count) of the operands times the packed weight of one group of units.

    Parameters
    ----------
    tile
        (ISA.tall, vectors of a group, lanes); written.
    panel
        (chunks, K, ISA.vectors * lanes), chunks a multiple of `ABREAST`, K the sum of the operands' units; or, of uint32, as
        `runtime.bfloat16` pairs it, for float32 operands. Made by `runtime.pack`, which sees to the function that is called here.
    filled
        How many vectors of the panel hold weights (`runtime.compiled.filled`).
    group
        Which group of unit blocks.
    row, count
        First row and number of rows, at most `ISA.tall`.
    operands
        `(rows, units)` for an array (N, ·) or `(stream, time, units)` for one (T, N, ·), in the order of the panel's K. With a pair
        `(first, last)` at its end only the units [first, last) are multiplied: the weights of the others are zero.
    """


@primitive(_added, _add)
def add_product(target: Any, row: int, column: int, panel: Any, first: int, operand: Any, ahead: Any) -> None:
    """Add `ISA.tall` rows of the operand times one chunk of a packed matrix to `target`, from `row` and `column` on.

    Parameters
    ----------
    target
        (·, ·), of whole tiles; written.
    row, column
        Where in `target`.
    panel
        (K, ISA.vectors * lanes), its last axis contiguous.
    first
        First row of the operand.
    operand
        `(rows, K)` with rows (·, ·).
    ahead
        Of K lines that are fetched into L2, whether there is memory or not: an address in the first, and bytes to the next.
    """
