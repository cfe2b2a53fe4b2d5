"""How many rows the register tiles of products have, whatever the instruction set (`runtime.simd.isa`); known without Numba."""

TALL, SHORT = 6, 4
"""The most, and how many the weights of a step of the loop, read from L2, keep busy as long as their products take."""
_LARGE = 96 << 10
"""Weights of a layer that a thread has rather half of than all, for as few as two rows; below it meeting takes longer."""


def shares_units(rows: int, threads: int, row_work: int) -> bool:
    """Whether threads had better share the units of so few rows, and meet in every phase of a step, than have rows of their own.

    Parameters
    ----------
    row_work
        Weights that a row meets in a step of the layer (`Geometry.row_work`).
    """
    return threads > 1 and rows < (3 if row_work >= _LARGE else 2) * threads
