"""The body of the functions that `product` calls (`runtime.multiply`): chunks of a packed weight, a variant for each number of rows.

Of a last chunk with a single vector only that is made.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import Signature
from numba.core.typing.templates import signature

from rnncc.runtime.simd.factors import BLOCK
from rnncc.runtime.simd.isa import ISA
from rnncc.runtime.simd.operand import FrameOperands
from rnncc.runtime.simd.panel import ELEMENTS, numbers_of
from rnncc.runtime.simd.primitive import primitive
from rnncc.runtime.simd.register_tile import FLAG, INTP, ZERO, RegisterTile, Shape, opaque

ABREAST = max(1, 4 // ISA.vectors)
"""Chunks that one or two rows take at once: the accumulators of one chunk would wait for each other's latency."""
_INTEGERS = 8


def _typed(element: types.Type, *integers: types.Type) -> Signature | None:
    fits = element in ELEMENTS and len(integers) == _INTEGERS and all(isinstance(i, types.Integer) for i in integers)
    return signature(types.void, element, *[types.intp] * _INTEGERS) if fits else None


def _lower(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    dtype = numbers_of(sig.args[0])
    tile, row_stride, weights, stride, vectors, count, number, frame = values[1:]
    work = RegisterTile(context, builder, dtype, sig.args[0])
    operands = FrameOperands(builder, builder.inttoptr(frame, INTP.as_pointer()), number, work.size)
    data = builder.inttoptr(tile, work.vector.element.as_pointer())
    packed = builder.inttoptr(weights, work.panel.element.as_pointer())
    size = ir.Constant(INTP, ISA.vectors)
    chunks = builder.udiv(builder.add(vectors, ir.Constant(INTP, ISA.vectors - 2)), size)
    single = builder.zext(builder.icmp_signed(">", vectors, builder.mul(chunks, size)), INTP)

    def fill(rows: int) -> None:
        given = operands, packed, stride, data, row_stride
        with builder.if_then(builder.icmp_signed(">", chunks, ZERO)):
            _fill(work, Shape(rows, ABREAST if rows <= 2 else 1), *given, ZERO, chunks)
        with builder.if_then(builder.icmp_signed(">", single, ZERO)):
            _fill(work, Shape(rows, of_chunk=1), *given, chunks, builder.add(chunks, single))

    _by_rows(builder, count, fill)
    return context.get_dummy_value()


def _by_rows(builder: ir.IRBuilder, count: ir.Value, emit: Callable[[int], None]) -> None:
    """What `emit` makes of as many rows as `count` says."""
    end = builder.append_basic_block("rows.end")
    switch = builder.switch(count, end)
    for rows in range(1, ISA.tall + 1):
        case = builder.append_basic_block(f"rows.{rows}")
        switch.add_case(ir.Constant(INTP, rows), case)
        builder.position_at_end(case)
        emit(rows)
        builder.branch(end)
    builder.position_at_end(end)


def _fill(
    work: RegisterTile,
    shape: Shape,
    operands: FrameOperands,
    weights: ir.Value,
    stride: ir.Value,
    tile: ir.Value,
    row_stride: ir.Value,
    first: ir.Value,
    last: ir.Value,
) -> None:
    """The chunks [first, last), `shape.chunks` of them at a time: a block of the rows' units meets all of them."""
    b = work.builder
    fresh, done = cgutils.alloca_once(b, FLAG), cgutils.alloca_once(b, INTP)
    b.store(FLAG(1), fresh)
    b.store(ZERO, done)

    @contextmanager
    def chunks() -> Iterator[tuple[ir.Value, list[ir.Value]]]:
        with cgutils.for_range_slice(b, first, last, ir.Constant(INTP, shape.chunks), intp=INTP) as (chunk, _):
            yield chunk, work.places(shape, b.gep(tile, [b.mul(chunk, ir.Constant(INTP, ISA.vectors * work.lanes))]), row_stride)

    with cgutils.for_range(b, operands.number) as loop:
        operand, before = operands.at(loop.index), b.load(done, typ=INTP)
        own = b.gep(weights, [b.mul(before, ir.Constant(INTP, work.panel.width))])
        with work.blocks(shape.rows, operand, BLOCK) as block:
            with chunks() as (chunk, places):
                panels = [work.offset(own, b.mul(stride, b.add(chunk, ir.Constant(INTP, c)))) for c in range(shape.chunks)]
                here = replace(block, start=opaque(b, block.start), stop=opaque(b, block.stop))
                work.add(shape, here, panels, places, fresh)
            b.store(FLAG(0), fresh)
        b.store(b.add(before, work.factors.steps(operand.units)), done)
    with b.if_then(b.load(fresh, typ=FLAG), likely=False), chunks() as (_, places):
        for place in places:
            work.put(work.zero, place)


@primitive(_typed, _lower)
def fill_tile(
    element: Any, tile: int, row_stride: int, weights: int, stride: int, vectors: int, count: int, number: int, frame: int
) -> None:
    """Fill the tile with the first `vectors` vectors of `count` rows of the operands times a packed weight.

    Parameters
    ----------
    element
        Of the type of the panel's elements; its value is not read.
    tile, row_stride
        Address of the first vector, and elements from row to row.
    weights, stride
        Address of the first chunk, and bytes from chunk to chunk.
    count
        Rows of the operands, at most `ISA.tall`.
    number, frame
        How many operands there are, and the address of what `runtime.simd.operand.framed` wrote of them.
    """
