"""What a register tile multiplies the vectors of a packed weight with: numbers of the rows, or pairs of them as bfloat16.

Where the instruction set multiplies pairs (`Isa.dots`), a step of the tile's loop takes two units: the numbers of a block of units are
rounded to bfloat16, to the nearest, into words on the stack, once for all vectors of a chunk; a word is broadcast, and one instruction
multiplies its halves with those of a word of weights and adds both products to a float32, the upper ones first:

    total = fma(upper of the factor, upper of the weight, total)
    total = fma(lower of the factor, lower of the weight, total)

A product of two bfloat16 has 16 bits and is exact, each sum rounds to the nearest. So Intel documents VDPBF16PS, which also takes
numbers below the normal ones as zero and leaves zero for such. Where the machine has not the instruction those two lines stand in its
place, without that; rounding is arithmetic on integers there.
"""

from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from rnncc.runtime.aligned import CACHE_LINE
from rnncc.runtime.simd.operand import Operand
from rnncc.runtime.simd.panel import halves
from rnncc.runtime.simd.vector import fma, integer_type, splat

_INTP = ir.IntType(types.intp.bitwidth)
_BYTE_POINTER = ir.IntType(8).as_pointer()
_WORD, _HALF = ir.IntType(32), ir.IntType(16)
_FEATURE = "+avx512bf16"
BLOCK = 128
"""Units that are summed in one go: a tile is touched once in 128 FMAs, and float32 loses less than in a gate's function."""


@dataclass(frozen=True)
class Numbers:
    """One number of each row, as it lies."""

    builder: ir.IRBuilder
    vector: ir.VectorType

    def whole(self, unit: ir.Value) -> ir.Value:
        """The unit that the step of `unit` begins with."""
        return unit

    def steps(self, units: ir.Value) -> ir.Value:
        """Steps of the loop for `units`."""
        return units

    def rows(self, _operand: Operand, _start: ir.Value, _stop: ir.Value, rows: list[ir.Value]) -> list[ir.Value]:
        """Pointers (bytes) to where the factors of each row begin, for units [start, stop)."""
        return rows

    def stride(self, operand: Operand) -> ir.Value:
        """Bytes from step to step."""
        return operand.unit_stride

    def broadcast(self, place: ir.Value) -> ir.Value:
        """The factor at `place` (bytes) in every lane."""
        element = self.vector.element
        pointer = self.builder.bitcast(place, element.as_pointer())
        return splat(self.builder, self.vector, self.builder.load(pointer, align=_bytes(element), typ=element))

    def added(self, factor: ir.Value, weight: ir.Value, total: ir.Value) -> ir.Value:
        """`total` and what factor and weight give."""
        return fma(self.builder, factor, weight, total)


@dataclass(frozen=True)
class Pairs:
    """Two numbers of each row, rounded to bfloat16, in a word; see `Numbers` for what the methods give.

    Parameters
    ----------
    native
        Whether the target has the instructions.
    """

    builder: ir.IRBuilder
    vector: ir.VectorType
    native: bool

    @property
    def words(self) -> ir.VectorType:
        """A vector of words."""
        return integer_type(self.vector)

    def whole(self, unit: ir.Value) -> ir.Value:
        return self.builder.and_(unit, ir.Constant(_INTP, -2))

    def steps(self, units: ir.Value) -> ir.Value:
        return self.builder.lshr(self.builder.add(units, ir.Constant(_INTP, 1)), ir.Constant(_INTP, 1))

    def stride(self, _operand: Operand) -> ir.Value:
        return ir.Constant(_INTP, _bytes(_WORD))

    def rows(self, operand: Operand, start: ir.Value, stop: ir.Value, rows: list[ir.Value]) -> list[ir.Value]:
        """At most `BLOCK` units; those before the operand's first and from `stop` on are zero, whatever stands there."""
        b, lanes = self.builder, self.vector.count
        with b.goto_entry_block():
            place = b.alloca(ir.ArrayType(_HALF, BLOCK * len(rows)))
        place.align = CACHE_LINE
        starts = [b.bitcast(cgutils.gep_inbounds(b, place, 0, k * BLOCK), _BYTE_POINTER) for k in range(len(rows))]
        with cgutils.for_range_slice(b, start, stop, ir.Constant(_INTP, lanes), intp=_INTP) as (unit, _):
            inside = self._inside(b.sub(operand.first, unit), b.sub(stop, unit))
            source, target = (b.mul(at, ir.Constant(_INTP, size)) for at, size in ((unit, 4), (b.sub(unit, start), 2)))
            for row, begin in zip(rows, starts, strict=True):
                halves_at = b.bitcast(b.gep(begin, [target]), ir.VectorType(_HALF, lanes).as_pointer())
                b.store(self._rounded(self._loaded(b.gep(row, [source]), inside)), halves_at, align=_bytes(_WORD))
        back = b.mul(start, ir.Constant(_INTP, -_bytes(_HALF)))
        return [b.gep(begin, [back]) for begin in starts]

    def broadcast(self, place: ir.Value) -> ir.Value:
        pointer = self.builder.bitcast(place, _WORD.as_pointer())
        return splat(self.builder, self.words, self.builder.load(pointer, align=_bytes(_WORD), typ=_WORD))

    def added(self, factor: ir.Value, weight: ir.Value, total: ir.Value) -> ir.Value:
        b = self.builder
        if self.native:
            kind = ir.FunctionType(self.vector, [self.vector, self.words, self.words])
            return b.call(cgutils.get_or_insert_function(b.module, kind, "llvm.x86.avx512bf16.dpbf16ps.512"), [total, factor, weight])
        (lower, upper), (weight_lower, weight_upper) = (halves(b, words, self.vector) for words in (factor, weight))
        return fma(b, lower, weight_lower, fma(b, upper, weight_upper, total))

    def _inside(self, first: ir.Value, last: ir.Value) -> ir.Value:
        """Lanes [first, last)."""
        b = self.builder
        lane = ir.Constant(self.words, list(range(self.words.count)))
        low, high = (splat(b, self.words, b.trunc(bound, _WORD)) for bound in (first, last))
        return b.and_(b.icmp_signed(">=", lane, low), b.icmp_signed("<", lane, high))

    def _loaded(self, place: ir.Value, inside: ir.Value) -> ir.Value:
        """The vector at `place` (bytes), of which nothing is read but lanes `inside`; the others are zero."""
        b, pointer = self.builder, self.vector.as_pointer()
        kind = ir.FunctionType(self.vector, [pointer, _WORD, inside.type, self.vector])
        load = cgutils.get_or_insert_function(b.module, kind, f"llvm.masked.load.v{self.vector.count}f32.p0")
        zero = ir.Constant(self.vector, [0.0] * self.vector.count)
        return b.call(load, [b.bitcast(place, pointer), ir.Constant(_WORD, _bytes(_WORD)), inside, zero])

    def _rounded(self, numbers: ir.Value) -> ir.Value:
        """`numbers` as bfloat16, to the nearest and of two as near to the even one; NaN stays NaN."""
        b, made = self.builder, ir.VectorType(_HALF, self.vector.count)
        if self.native:
            kind = ir.FunctionType(made, [self.vector])
            return b.call(cgutils.get_or_insert_function(b.module, kind, "llvm.x86.avx512bf16.cvtneps2bf16.512"), [numbers])
        bits = b.bitcast(numbers, self.words)
        half, odd, below, quiet = (ir.Constant(self.words, [k] * self.words.count) for k in (16, 1, 0x7FFF, 0x00400000))
        nearest = b.add(b.add(bits, below), b.and_(b.lshr(bits, half), odd))
        kept = b.select(b.fcmp_unordered("uno", numbers, numbers), b.or_(bits, quiet), nearest)
        return b.trunc(b.lshr(kept, half), made)


Factors = Numbers | Pairs


def factors_of(context: Any, builder: ir.IRBuilder, vector: ir.VectorType, depth: int) -> Factors:
    """What rows of a panel for `depth` units are multiplied with."""
    return Numbers(builder, vector) if depth == 1 else Pairs(builder, vector, _FEATURE in context.codegen().magic_tuple()[2].split(","))


def _bytes(element: ir.Type) -> int:
    return 8 if isinstance(element, ir.DoubleType) else 4 if element != _HALF else 2
