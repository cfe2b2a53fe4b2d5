"""Blocks of a matrix turned on the way: rows of the source become columns of the target, in registers."""

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing import Signature
from numba.core.typing.templates import signature

from rnncc.runtime.simd.memory import address, is_indexed
from rnncc.runtime.simd.primitive import primitive
from rnncc.runtime.simd.vector import llvm_type, vector_of


def _typed(source: types.Type, row: types.Type, column: types.Type, target: types.Type, *index: types.Type) -> Signature | None:
    fits = is_indexed(source, (row, column)) and is_indexed(target, index) and len(index) > 1
    if not fits or target.dtype != source.dtype or not target.mutable:
        return None
    return signature(types.void, source, types.intp, types.intp, target, *[types.intp] * len(index))


def _lower(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    source, row, column, target, *index = values
    vec = vector_of(sig.args[0].dtype)
    made, align = llvm_type(vec), vec.dtype.bitwidth // 8
    at = [address(context, builder, sig.args[0], source, [_after(builder, row, k), column]) for k in range(vec.lanes)]
    rows = [builder.load(builder.bitcast(place, made.as_pointer()), align=align, typ=made) for place in at]
    *outer, line, unit = index
    for k, turned in enumerate(_turned(builder, rows)):
        place = address(context, builder, sig.args[3], target, [*outer, _after(builder, line, k), unit])
        builder.store(turned, builder.bitcast(place, made.as_pointer()), align=align)
    return context.get_dummy_value()


def _after(builder: ir.IRBuilder, index: ir.Value, count: int) -> ir.Value:
    return builder.add(index, ir.Constant(index.type, count))


def _turned(builder: ir.IRBuilder, rows: Sequence[ir.Value]) -> list[ir.Value]:
    """The transpose: for each power of two, what has that bit in its row alone changes places with what has it in its lane alone."""
    found, lanes, bit = list(rows), len(rows), 1
    while bit < lanes:
        low = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [k if not k & bit else lanes + k - bit for k in range(lanes)])
        high = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [k + bit if not k & bit else lanes + k for k in range(lanes)])
        for k in (k for k in range(lanes) if not k & bit):
            pair = found[k], found[k + bit]
            found[k], found[k + bit] = (builder.shuffle_vector(*pair, mask) for mask in (low, high))
        bit *= 2
    return found


@primitive(_typed, _lower)
def turn(source: Any, row: int, column: int, target: Any, *index: int) -> None:
    """Write the block of `source` that begins at `row` and `column`, as many rows as a vector has lanes, to `target`, turned.

    `index` is where the first column of the block goes, as a vector; the next goes to the next line.
    """
