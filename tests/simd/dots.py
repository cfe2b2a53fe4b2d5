"""Dot products of bfloat16 as Intel documents VDPBF16PS, in NumPy; numbers of bfloat16 are float32 whose lower half is zero."""

import numpy as np

_TINY = np.finfo(np.float32).tiny
_BLOCK = 128
"""Units that the register tile sums in one go."""


def flushed(numbers):
    """Zero, of the same sign, for numbers below the normal ones."""
    return np.where(np.abs(numbers) < _TINY, np.copysign(np.float32(0), numbers), numbers)


def rounded(numbers):
    """The nearest bfloat16 of each float32, of two as near the even one; NaN stays NaN. As VCVTNEPS2BF16 does it."""
    bits = flushed(numbers).view(np.uint32)
    nearest = bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))
    kept = np.where(np.isnan(numbers), bits | np.uint32(0x00400000), nearest)
    return (kept & np.uint32(0xFFFF0000)).view(np.float32)


def added(total, factor, weight):
    """`total + factor * weight` in one rounding.

    A product has 16 bits. float64 holds the sum of it and the 24 bits of a total exactly, unless one lies more than 29 binary places
    below the other: that one then changes nothing in float32.
    """
    wide = flushed(total).astype(np.float64) + flushed(factor).astype(np.float64) * flushed(weight)
    return flushed(wide.astype(np.float32))


def dots(parts, panel):
    """The sums of rows of operands (rows, K_o) of bfloat16, K_o even, times a panel (chunks, ΣK_o, ·) of them: (rows, chunks, ·).

    Of each pair the second unit is added first; each block of units is summed by itself.
    """
    total, start = np.zeros((len(parts[0]), len(panel), panel.shape[2]), np.float32), 0
    for part in parts:
        for first in range(0, part.shape[1], _BLOCK):
            total = total + _block(part[:, first : first + _BLOCK], panel[:, start + first : start + first + _BLOCK])
        start += part.shape[1]
    return total


def _block(part, panel):
    total = np.zeros((len(part), len(panel), panel.shape[2]), np.float32)
    for unit in range(0, part.shape[1], 2):
        for k in (unit + 1, unit):
            total = added(total, part[:, k, None, None], panel[None, :, k])
    return total
