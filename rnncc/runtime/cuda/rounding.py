"""Packed weights in the formats of tensor cores: float32 rounded to TF32 or to bfloat16, as bits."""

from typing import Any

from rnncc.runtime.kernels import Array
from rnncc.runtime.library import library_of

_NAN = 0x7F800000
"""Bits of a float32 without its sign are above these where it is NaN."""


def tf32(panel: Array) -> Any:
    """Float32 numbers as uint32 of the same shape: ten bits behind the point, nearest, of two as near the larger in size."""
    bits = panel.view("uint32")
    rounded = (bits + 0x1000) & 0xFFFFE000
    return library_of(panel).where(_nan(bits), bits, rounded).astype("uint32")


def bfloat16(panel: Array) -> Any:
    """Float32 numbers as uint16 of the same shape: the upper half, nearest, of two as near the even one; NaN stays NaN."""
    bits = panel.view("uint32")
    rounded = bits + 0x7FFF + ((bits >> 16) & 1)
    return (library_of(panel).where(_nan(bits), bits | 0x00400000, rounded) >> 16).astype("uint16")


def of_bfloat16(bits: Any) -> Array:
    """Float32 numbers of uint16."""
    return (bits.astype("uint32") << 16).view("float32")


def _nan(bits: Any) -> Any:
    return (bits & 0x7FFFFFFF) > _NAN
