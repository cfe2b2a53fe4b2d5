"""The shape of a block's work on a CUDA device, and how rows lie in memory."""

import numpy as np

LANES = 32
"""Threads of a warp."""
WARPS = 8
"""Warps of a block; each sums its own share of a product's columns."""
THREADS = WARPS * LANES
"""Threads of a block."""
ROWS = 16
"""Rows of the batch that a block multiplies at a time: those of one `mma.sync`."""
UNITS = 8
"""Units of a group of a panel: those of one `mma.sync`."""
TILE = WARPS * ROWS * UNITS
"""Numbers of a tile for each accumulator: every warp's partial sums."""
DEPTH = 32
"""The columns of every operand are padded to whole numbers of it: what one step of a warp multiplies on the tensor cores."""
INFINITY = float("inf")
"""In a kernel of the dtype of its numbers, as every float of the text."""

_ACCESS = 16
"""Bytes that a thread reads at once."""
_BANKS = 8
"""Such accesses that shared memory serves in one go: those of a quarter of a warp, where they lie in different banks."""


def row_stride(depth: int, dtype: object) -> int:
    """Elements from one unit's row of a panel to the next, so that shared memory has no bank conflicts.

    Parameters
    ----------
    depth
        Columns of a row, those of every operand padded to DEPTH.
    dtype
        Of the panel: float32, float64, uint32 (TF32) or uint16 (bfloat16).

    Notes
    -----
    In steps of 16 bytes, of which shared memory has 8 in different banks, the eight lanes of a quarter of a warp read (`g` the lane's
    number divided by 4, `t` the rest, `s` the stride):

    ================= ============================ ===========================
    panel             lane (g, t) reads            8 different ones, modulo 8
    ================= ============================ ===========================
    float32, float64  2 t s, the same for every g  4 of them if s is odd
    uint32            g s + 2 t                    if s is odd
    uint16            g s + t                      if s is 4 modulo 8
    ================= ============================ ===========================
    """
    size = np.dtype(dtype).itemsize  # type: ignore[call-overload]
    elements = _ACCESS // size
    steps = depth // elements
    if size == 2:
        return (steps + (_BANKS // 2 - steps) % _BANKS) * elements
    return (steps + 1 - steps % 2) * elements
