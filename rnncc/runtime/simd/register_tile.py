"""The register tile: rows of a batch times a packed weight, summed in registers.

For each chunk of `ISA.vectors` vectors of units, one loop over the rows of the packed weight keeps `rows x vectors` accumulators in
registers: a step of the loop loads `vectors` weights, broadcasts one number of each row and issues `rows * vectors` FMAs. After a block
of units, and at the end of an operand, the sums are added to what stands in memory and start again: the rounding of a long sum grows
with its partial sums. Where bfloat16 is multiplied in pairs a step of the loop is for two units of an operand (`runtime.simd.factors`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from rnncc.runtime.simd.factors import factors_of
from rnncc.runtime.simd.isa import ISA
from rnncc.runtime.simd.operand import Operand
from rnncc.runtime.simd.panel import PanelRows
from rnncc.runtime.simd.vector import llvm_type, vector_of

INTP = ir.IntType(types.intp.bitwidth)
ZERO = ir.Constant(INTP, 0)
FLAG = ir.IntType(1)
BYTE_POINTER = ir.IntType(8).as_pointer()


def opaque(builder: ir.IRBuilder, count: ir.Value) -> ir.Value:
    """`count`, of which LLVM does not see that it stays the same: it would copy a loop around it for each case of a condition."""
    return builder.asm(ir.FunctionType(INTP, [INTP]), "", "=r,0", [count], True)


@dataclass(frozen=True)
class Shape:
    """Rows and chunks of one register tile, and how many vectors of each chunk are made."""

    rows: int
    chunks: int = 1
    of_chunk: int = ISA.vectors

    @property
    def vectors(self) -> int:
        """Of a row."""
        return self.chunks * self.of_chunk


@dataclass(frozen=True)
class Block:
    """Units [start, stop) of an operand, and pointers (bytes) to where the factors of each row begin."""

    operand: Operand
    start: ir.Value
    stop: ir.Value
    rows: list[ir.Value]


@dataclass(frozen=True)
class Lines:
    """Lines of memory: an address in the first one, and bytes from there to the next."""

    first: ir.Value
    stride: ir.Value


class RegisterTile:
    """Emits the loops of one product.

    Parameters
    ----------
    dtype, panel
        Numba's types of the sums, and of the elements of the packed weight.
    row
        Elements from row to row of the packed weight; None: these follow one another.
    ahead
        What is fetched meanwhile, a line in each step of the loop.
    """

    def __init__(
        self,
        context: Any,
        builder: ir.IRBuilder,
        dtype: types.Float,
        panel: types.Type,
        row: ir.Value | None = None,
        ahead: Lines | None = None,
    ) -> None:
        vec = vector_of(dtype)
        self.builder = builder
        self.vector = llvm_type(vec)
        self.panel = PanelRows(self.vector, panel != dtype)
        self.factors = factors_of(context, builder, self.vector, self.panel.depth)
        self.size = vec.dtype.bitwidth // 8
        self.lanes = vec.lanes
        self.row = ir.Constant(INTP, self.panel.width) if row is None else row
        self.ahead = ahead
        self.zero = ir.Constant(self.vector, [0.0] * self.lanes)

    def offset(self, data: ir.Value, nbytes: ir.Value) -> ir.Value:
        """A panel's `data` moved by `nbytes`."""
        moved = self.builder.gep(self.builder.bitcast(data, BYTE_POINTER), [nbytes])
        return self.builder.bitcast(moved, self.panel.element.as_pointer())

    def add(self, shape: Shape, block: Block, panels: list[ir.Value], places: list[ir.Value], fresh: ir.Value | None = None) -> None:
        """The sums of `shape` over one block of units, added to what stands at `places`.

        Parameters
        ----------
        panels
            Of each chunk, where the weights of the operand begin.
        fresh
            Where a flag is that says whether nothing stands at `places`.
        """
        sums = [cgutils.alloca_once_value(self.builder, self.zero) for _ in places]
        for pointer in sums:
            self.builder.store(self.zero, pointer)
        self._multiply(block, panels, shape.of_chunk, sums)
        self._leave(sums, places, fresh)

    def _leave(self, sums: list[ir.Value], places: list[ir.Value], fresh: ir.Value | None) -> None:
        """`sums` added to what stands at `places`, or alone where nothing does."""
        b = self.builder
        if fresh is None:
            self._write(sums, places, added=True)
            return
        with b.if_else(b.trunc(opaque(b, b.zext(b.load(fresh, typ=FLAG), INTP)), FLAG)) as (first, later):
            with first:
                self._write(sums, places, added=False)
            with later:
                self._write(sums, places, added=True)

    def _write(self, sums: list[ir.Value], places: list[ir.Value], *, added: bool) -> None:
        for pointer, place in zip(sums, places, strict=True):
            total = self.builder.load(pointer, typ=self.vector)
            self.put(self.builder.fadd(self.get(place), total) if added else total, place)

    def places(self, shape: Shape, target: ir.Value, row_stride: ir.Value) -> list[ir.Value]:
        """Where the vectors of each row lie, `row_stride` elements from row to row."""
        b = self.builder
        rows = [b.gep(target, [b.mul(row_stride, ir.Constant(INTP, row))]) for row in range(shape.rows)]
        return [b.gep(row, [ir.Constant(INTP, v * self.lanes)]) for row in rows for v in range(shape.vectors)]

    @contextmanager
    def blocks(self, rows: int, operand: Operand, size: int) -> Iterator[Block]:
        """Code between is repeated for each block of `size` units of the first `rows` rows of the operand."""
        b, step = self.builder, ir.Constant(INTP, size)
        data = [operand.from_row(b, ir.Constant(INTP, k)).data for k in range(rows)]
        with cgutils.for_range_slice(b, self.factors.whole(operand.first), operand.last, step, intp=INTP) as (start, _):
            stop = b.add(start, step)
            stop = b.select(b.icmp_signed("<", stop, operand.last), stop, operand.last)
            yield Block(operand, start, stop, self.factors.rows(operand, start, stop, data))

    def _multiply(self, block: Block, panels: list[ir.Value], vectors: int, sums: list[ir.Value]) -> None:
        """sums += the rows of a block times their part of the first `vectors` of each panel's chunk."""
        b, factors = self.builder, self.factors
        first, last = factors.steps(block.start), factors.steps(block.stop)
        with cgutils.for_range_slice(b, first, last, ir.Constant(INTP, 1), intp=INTP) as (step, _):
            if self.ahead is not None:
                line = b.add(self.ahead.first, b.mul(step, self.ahead.stride))
                self.fetch(b.inttoptr(line, BYTE_POINTER), to_write=False)
            inner = b.mul(step, factors.stride(block.operand))
            at_step = b.mul(step, self.row)
            packed = [weight for p in panels for weight in self.panel.load(b, b.gep(p, [at_step]), self.size, vectors)]
            for r, row in enumerate(block.rows):
                factor = factors.broadcast(b.gep(row, [inner]))
                for v, weight in enumerate(packed):
                    at = sums[r * len(packed) + v]
                    b.store(factors.added(factor, weight, b.load(at, typ=self.vector)), at)

    def fetch(self, place: ir.Value, *, to_write: bool) -> None:
        """Have the line at `place` in L1 by the time it is written, or in L2 by the time it is read."""
        kind = ir.FunctionType(ir.VoidType(), [BYTE_POINTER, *[ir.IntType(32)] * 3])
        prefetch = cgutils.get_or_insert_function(self.builder.module, kind, "llvm.prefetch.p0")
        writing, near, data = (ir.Constant(ir.IntType(32), k) for k in (int(to_write), 3 if to_write else 2, 1))
        self.builder.call(prefetch, [self.builder.bitcast(place, BYTE_POINTER), writing, near, data])

    def get(self, place: ir.Value) -> ir.Value:
        """The vector at `place`."""
        return self.builder.load(self.builder.bitcast(place, self.vector.as_pointer()), align=self.size, typ=self.vector)

    def put(self, value: ir.Value, place: ir.Value) -> None:
        """Write the vector at `place`."""
        self.builder.store(value, self.builder.bitcast(place, self.vector.as_pointer()), align=self.size)
