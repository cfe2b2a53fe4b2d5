"""Packed weights as bfloat16: the upper half of a float32, sign, exponent and seven bits, two of them in a word.

A word holds numbers that lie beside each other in the panel, the first in its lower half: vectors at one lane, or where the instruction
set multiplies pairs (`Isa.dots`) units of an operand.
"""

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.aligned import empty
from rnncc.runtime.compiled import kernel
from rnncc.runtime.multiply import prepare
from rnncc.runtime.simd.isa import lanes_of
from rnncc.runtime.simd.panel import DEPTH

Words = NDArray[np.uint32]


def paired(panel: NDArray[np.float32]) -> Words:
    """The numbers of a float32 panel, rounded to the nearest bfloat16, to the even one of two as near; NaN stays NaN.

    Parameters
    ----------
    panel
        (chunks, K, ISA.vectors * lanes), C-contiguous, as `runtime.pack.pack` makes it of operands of whole `DEPTH`.

    Returns
    -------
    (chunks, K, ISA.vectors / 2 * lanes), or (chunks, K / 2, ISA.vectors * lanes) where a word holds two units.
    """
    chunks, inner, numbers = panel.shape
    width = numbers if DEPTH > 1 else lanes_of(panel.dtype)
    prepare(np.dtype(np.uint32))
    words = empty((chunks, inner // DEPTH, numbers * DEPTH // 2), np.dtype(np.uint32))
    _pair(words.reshape(-1, words.shape[2] // width, width), panel.view(np.uint32).reshape(-1, numbers * DEPTH // width, width))
    return words


@kernel
def _pair(words, bits):  # type: ignore[no-untyped-def]
    """`words` (rows, pairs, lanes) of `bits` (rows, vectors, lanes), the bits of float32."""
    rows, pairs, width = words.shape
    for row in range(rows):
        for pair in range(pairs):
            for lane in range(width):
                word = 0
                for half in range(2):
                    number = bits[row, 2 * pair + half, lane]
                    nan = (number & 0x7FFFFFFF) > 0x7F800000
                    rounded = number | 0x00400000 if nan else number + 0x7FFF + ((number >> 16) & 1)
                    word |= (rounded >> 16) << (16 * half)
                words[row, pair, lane] = word
