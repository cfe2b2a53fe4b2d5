"""How a row of a packed weight becomes vectors: numbers as they lie, or pairs of bfloat16.

A bfloat16 is the upper half of a float32. A word of a paired row holds two of them, the first in its lower half, the second in its
upper: of two neighbouring vectors at one lane, so that one load gives two vectors, by a shift and by a mask; or, where the instruction
set multiplies pairs (`Isa.dots`), of one vector at two neighbouring units of the operand.
"""

from dataclasses import dataclass

from llvmlite import ir
from numba.core import types

from rnncc.runtime.simd.isa import ISA
from rnncc.runtime.simd.vector import integer_type

_HALF = 16
_UPPER = 0xFFFF0000
DEPTH = 2 if ISA.dots else 1
"""Units of an operand that a row of words is for."""


ELEMENTS = (types.float32, types.float64, types.uint32)
"""What a panel holds: numbers, or words of pairs."""


def numbers_of(element: types.Type) -> types.Type:
    """What a panel of `element` is multiplied as: itself, or float32 out of words of pairs."""
    return types.float32 if element == types.uint32 else element


@dataclass(frozen=True)
class PanelRows:
    """Reads the rows of a panel.

    Parameters
    ----------
    vector
        What the weights are multiplied as.
    paired
        Whether a row holds words of two bfloat16.
    """

    vector: ir.VectorType
    paired: bool

    @property
    def element(self) -> ir.Type:
        """Of the panel's array."""
        return ir.IntType(2 * _HALF) if self.paired else self.vector.element

    @property
    def width(self) -> int:
        """Elements of a row."""
        return self._loads(ISA.vectors) * self.vector.count

    @property
    def depth(self) -> int:
        """Units of an operand that a row is for."""
        return DEPTH if self.paired else 1

    def load(self, builder: ir.IRBuilder, row: ir.Value, size: int, vectors: int) -> list[ir.Value]:
        """The first `vectors` of the row that begins at `row`, whose elements have `size` bytes; words where it has two units."""
        kind = integer_type(self.vector) if self.paired else self.vector
        places = [builder.gep(row, [ir.Constant(ir.IntType(64), k * self.vector.count)]) for k in range(self._loads(vectors))]
        loaded = [builder.load(builder.bitcast(p, kind.as_pointer()), align=size, typ=kind) for p in places]
        if not self.paired or self.depth > 1:
            return loaded
        return [half for words in loaded for half in halves(builder, words, self.vector)][:vectors]

    def _loads(self, vectors: int) -> int:
        return (vectors + 1) // 2 if self.paired and self.depth == 1 else vectors


def halves(builder: ir.IRBuilder, words: ir.Value, vector: ir.VectorType) -> tuple[ir.Value, ir.Value]:
    """The lower and the upper bfloat16 of `words`, each as a vector of float32."""
    shift, mask = (ir.Constant(words.type, [number] * words.type.count) for number in (_HALF, _UPPER))
    return builder.bitcast(builder.shl(words, shift), vector), builder.bitcast(builder.and_(words, mask), vector)
