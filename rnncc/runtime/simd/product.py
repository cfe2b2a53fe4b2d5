"""The register tile: rows of a batch times a packed weight, accumulated in registers, left in a small tile in L1.

For each chunk of `ISA.vectors` vectors of units, one loop over the rows of the packed weight keeps `rows x vectors` accumulators in
registers: a step of the loop loads `vectors` weights, broadcasts one number of each row and issues `rows * vectors` FMAs. Two row
variants, `ISA.tall` and `ISA.short`; rows beyond `count` repeat the last one and their results are not read. A single row takes
`ABREAST` chunks at once, since `vectors` accumulators alone would wait for each other's latency. After a block of
units, and at the end of an operand, they are added to the tile and start again: the rounding of a long sum grows with its partial sums.
Where bfloat16 is multiplied in pairs a step of the loop is for two units of an operand (`runtime.simd.factors`).

    panel  (chunks, K, vectors * lanes)         packed by `runtime.pack`; chunks a multiple of `ABREAST`; or half as much, of bfloat16
    tile   (ISA.tall, vectors of a group, lanes)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import Signature
from numba.core.typing.templates import signature

from rnncc.runtime.simd.factors import BLOCK, factors_of
from rnncc.runtime.simd.isa import ISA
from rnncc.runtime.simd.operand import Operand, Operands, is_operand, operand_of
from rnncc.runtime.simd.panel import PanelRows, numbers_of
from rnncc.runtime.simd.primitive import primitive
from rnncc.runtime.simd.vector import llvm_type, vector_of

_INTP = ir.IntType(types.intp.bitwidth)
_BYTE_POINTER = ir.IntType(8).as_pointer()
_ZERO = ir.Constant(_INTP, 0)
_BLOCK_OVER_TIME = 64
"""Rows over time that are summed in one go; such sums are longer, and those of a call meet before they are added to the others."""
ABREAST = max(1, 4 // ISA.vectors)
"""Chunks that a single row takes at once: four accumulators use up what L2 delivers."""


def _typed(
    tile: types.Type, panel: types.Type, group: types.Type, row: types.Type, count: types.Type, *operands: types.Type
) -> Signature | None:
    if not all(isinstance(a, types.Array) and a.ndim == 3 and a.layout == "C" for a in (tile, panel)):
        return None
    if numbers_of(panel.dtype) != tile.dtype or not operands or not all(is_operand(o, tile.dtype) for o in operands):
        return None
    if (len(operands) > 1 or panel.dtype != tile.dtype) and any(o[0].layout == "F" for o in operands):
        return None
    return signature(types.void, tile, panel, types.intp, types.intp, types.intp, *operands)


def _fill(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    tile, panel = (context.make_array(t)(context, builder, v) for t, v in zip(sig.args[:2], values[:2], strict=True))
    group, row, count = values[2:5]
    operands = Operands(builder, [operand_of(context, builder, t, v) for t, v in zip(sig.args[5:], values[5:], strict=True)])
    work = _Product(context, builder, sig.args[0].dtype, sig.args[1].dtype, row, count, operands)
    whole = builder.udiv(builder.extract_value(tile.shape, 1), ir.Constant(_INTP, ISA.vectors))
    first = builder.mul(group, whole)
    left = builder.sub(builder.extract_value(panel.shape, 0), first)
    chunks = builder.select(builder.icmp_signed("<", left, whole), left, whole)
    work.fill(panel, tile, first, chunks)
    return context.get_dummy_value()


def _added(
    target: types.Type, row: types.Type, column: types.Type, panel: types.Type, first: types.Type, operand: types.Type
) -> Signature | None:
    if not all(isinstance(a, types.Array) and a.ndim == 2 and a.layout == "C" and a.dtype == target.dtype for a in (target, panel)):
        return None
    if not is_operand(operand, target.dtype):
        return None
    return signature(types.void, target, types.intp, types.intp, panel, types.intp, operand)


def _add(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    target, panel = (context.make_array(sig.args[k])(context, builder, values[k]) for k in (0, 3))
    operand = Operands(builder, [operand_of(context, builder, sig.args[5], values[5])])
    work = _Product(context, builder, sig.args[0].dtype, sig.args[3].dtype, values[4], ir.Constant(_INTP, ISA.tall), operand)
    shape = _Shape(ISA.tall, 1)
    row_stride = builder.extract_value(target.shape, 1)
    first = builder.gep(target.data, [builder.add(builder.mul(values[1], row_stride), values[2])])
    sums = [cgutils.alloca_once(builder, work.vector) for _ in range(shape.rows * shape.vectors)]
    for own in sums:
        work.put(work.zero, own)
    work.add(shape, panel.data, _ZERO, sums, _BLOCK_OVER_TIME)
    for own, place in zip(sums, work.places(shape, first, row_stride), strict=True):
        work.put(builder.fadd(work.get(place), work.get(own)), place)
    return context.get_dummy_value()


@dataclass(frozen=True)
class _Shape:
    """Rows and chunks of one register tile."""

    rows: int
    chunks: int

    @property
    def vectors(self) -> int:
        return self.chunks * ISA.vectors


class _Product:
    """Emits the loops of one product."""

    def __init__(
        self,
        context: Any,
        builder: ir.IRBuilder,
        dtype: types.Float,
        panel: types.Type,
        row: ir.Value,
        count: ir.Value,
        operands: Operands,
    ) -> None:
        vec = vector_of(dtype)
        self.builder = builder
        self.vector = llvm_type(vec)
        self.panel = PanelRows(self.vector, panel != dtype)
        self.factors = factors_of(context, builder, self.vector, self.panel.depth)
        self.size = vec.dtype.bitwidth // 8
        self.lanes = vec.lanes
        self.zero = ir.Constant(self.vector, [0.0] * self.lanes)
        self.row, self.count, self.operands = row, count, operands

    def offset(self, data: ir.Value, nbytes: ir.Value) -> ir.Value:
        """A panel's `data` moved by `nbytes`."""
        moved = self.builder.gep(self.builder.bitcast(data, _BYTE_POINTER), [nbytes])
        return self.builder.bitcast(moved, self.panel.element.as_pointer())

    def fill(self, panel: Any, tile: Any, first: ir.Value, chunks: ir.Value) -> None:
        """Chunks [first, first + chunks) of the panel into the tile, by the row variant that fits."""
        b = self.builder
        stride = b.extract_value(panel.strides, 0)
        weights = self.offset(panel.data, b.mul(first, stride))
        row_stride = b.mul(b.extract_value(tile.shape, 1), ir.Constant(_INTP, self.lanes))
        with b.if_else(b.icmp_signed(">", self.count, ir.Constant(_INTP, 1))) as (many, one):
            with many, b.if_else(b.icmp_signed(">", self.count, ir.Constant(_INTP, ISA.short))) as (tall, short):
                with tall:
                    self.chunks(_Shape(ISA.tall, 1), weights, stride, tile.data, row_stride, chunks)
                with short:
                    self.chunks(_Shape(ISA.short, 1), weights, stride, tile.data, row_stride, chunks)
            with one:
                self.chunks(_Shape(1, ABREAST), weights, stride, tile.data, row_stride, chunks)

    def chunks(
        self, shape: _Shape, weights: ir.Value, stride: ir.Value, tile: ir.Value, row_stride: ir.Value, chunks: ir.Value
    ) -> None:
        """Every chunk, `shape.chunks` of them at a time."""
        with cgutils.for_range_slice(self.builder, _ZERO, chunks, ir.Constant(_INTP, shape.chunks), intp=_INTP) as (chunk, _):
            packed = self.offset(weights, self.builder.mul(chunk, stride))
            place = self.builder.gep(tile, [self.builder.mul(chunk, ir.Constant(_INTP, ISA.vectors * self.lanes))])
            places = self.places(shape, place, row_stride)
            for vector in places:
                self.put(self.zero, vector)
            self.add(shape, packed, stride, places, BLOCK)

    def add(self, shape: _Shape, weights: ir.Value, stride: ir.Value, places: list[ir.Value], block: int) -> None:
        """The sums of `shape` over all operands, `block` units at a time, added to what stands at `places`."""
        b = self.builder
        sums = [cgutils.alloca_once_value(b, self.zero) for _ in places]
        done = cgutils.alloca_once(b, _INTP)
        b.store(_ZERO, done)
        with cgutils.for_range(b, ir.Constant(_INTP, self.operands.number)) as loop:
            operand = self.operands.at(loop.index)
            rows = self.rows(shape.rows, operand)
            before = b.load(done, typ=_INTP)
            own = b.gep(weights, [b.mul(before, ir.Constant(_INTP, self.panel.width))])
            panels = [self.offset(own, b.mul(stride, ir.Constant(_INTP, c))) for c in range(shape.chunks)]
            with self.blocks(self.factors.whole(operand.first), operand.last, block) as (start, stop):
                for pointer in sums:
                    b.store(self.zero, pointer)
                self.multiply(operand, start, stop, rows, panels, sums)
                for pointer, place in zip(sums, places, strict=True):
                    self.put(b.fadd(self.get(place), b.load(pointer, typ=self.vector)), place)
            b.store(b.add(before, self.factors.steps(operand.units)), done)

    def places(self, shape: _Shape, target: ir.Value, row_stride: ir.Value) -> list[ir.Value]:
        """Where the vectors of each row lie, `row_stride` elements from row to row."""
        b = self.builder
        rows = [b.gep(target, [b.mul(row_stride, ir.Constant(_INTP, row))]) for row in range(shape.rows)]
        return [b.gep(row, [ir.Constant(_INTP, v * self.lanes)]) for row in rows for v in range(shape.vectors)]

    @contextmanager
    def blocks(self, first: ir.Value, last: ir.Value, block: int) -> Iterator[tuple[ir.Value, ir.Value]]:
        """Code between is repeated for [start, stop) of each block of the units [first, last)."""
        b = self.builder
        size = ir.Constant(_INTP, block)
        with cgutils.for_range_slice(b, first, last, size, intp=_INTP) as (start, _):
            stop = b.add(start, size)
            yield start, b.select(b.icmp_signed("<", stop, last), stop, last)

    def rows(self, rows: int, operand: Operand) -> list[ir.Value]:
        """A pointer (bytes) to each row; those beyond `count` repeat the last."""
        last = self.builder.sub(self.count, ir.Constant(_INTP, 1))
        found = []
        for k in range(rows):
            wanted = ir.Constant(_INTP, k)
            inside = self.builder.icmp_signed("<", wanted, last)
            row = self.builder.add(self.row, self.builder.select(inside, wanted, last))
            found.append(self.builder.gep(operand.data, [self.builder.mul(row, operand.row_stride)]))
        return found

    def multiply(
        self,
        operand: Operand,
        start: ir.Value,
        stop: ir.Value,
        rows: list[ir.Value],
        panels: list[ir.Value],
        sums: list[ir.Value],
    ) -> None:
        """sums += units [start, stop) of the rows of one operand times their part of the packed weights."""
        b, factors = self.builder, self.factors
        rows = factors.rows(operand, start, stop, rows)
        first, last = factors.steps(start), factors.steps(stop)
        with cgutils.for_range_slice(b, first, last, ir.Constant(_INTP, 1), intp=_INTP) as (step, _):
            inner = b.mul(step, factors.stride(operand))
            at_step = b.mul(step, ir.Constant(_INTP, self.panel.width))
            packed = [weight for p in panels for weight in self.panel.load(b, b.gep(p, [at_step]), self.size)]
            for r, row in enumerate(rows):
                factor = factors.broadcast(b.gep(row, [inner]))
                for v, weight in enumerate(packed):
                    at = sums[r * len(packed) + v]
                    b.store(factors.added(factor, weight, b.load(at, typ=self.vector)), at)

    def get(self, place: ir.Value) -> ir.Value:
        return self.builder.load(self.builder.bitcast(place, self.vector.as_pointer()), align=self.size, typ=self.vector)

    def put(self, value: ir.Value, place: ir.Value) -> None:
        self.builder.store(value, self.builder.bitcast(place, self.vector.as_pointer()), align=self.size)


@primitive(_typed, _fill)
def product(tile: Any, panel: Any, group: int, row: int, count: int, *operands: Any) -> None:
    """Fill `tile` with rows [row, row + count) of the operands times the packed weight of one group of units.

    Parameters
    ----------
    tile
        (ISA.tall, vectors of a group, lanes); written.
    panel
        (chunks, K, ISA.vectors * lanes), chunks a multiple of `ABREAST`, K the sum of the operands' units; or, of uint32, as
        `runtime.bfloat16` pairs it, for float32 operands.
    group
        Which group of unit blocks.
    row, count
        First row and number of rows, at most `ISA.tall`.
    operands
        `(rows, units)` for an array (N, ·) or `(stream, time, units)` for one (T, N, ·), in the order of the panel's K. With a pair
        `(first, last)` at its end only the units [first, last) are multiplied: the weights of the others are zero.
    """


@primitive(_added, _add)
def add_product(target: Any, row: int, column: int, panel: Any, first: int, operand: Any) -> None:
    """Add `ISA.tall` rows of the operand times one chunk of a packed matrix to `target`, from `row` and `column` on.

    Parameters
    ----------
    target
        (·, ·), of whole tiles; written.
    row, column
        Where in `target`.
    panel
        (K, ISA.vectors * lanes).
    first
        First row of the operand.
    operand
        `(rows, K)` with rows (·, ·).
    """
