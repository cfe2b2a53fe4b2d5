"""Block-diagonal matrices: the length of their axes, from blocks to the matrix and back.

An axis `hidden/4` is the units of `hidden` in one of four blocks, an axis `4` counts the blocks.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Float = TypeVar("Float", np.float32, np.float64)


def axis_length(axis: str, size: Callable[[str], int]) -> int:
    """The length of `axis`, from that of each size: `hidden`, the concat `hidden+input`, `4`, or `hidden/4`, a fourth of hidden."""
    whole, _, blocks = axis.partition("/")
    return sum(int(name) if name.isdigit() else size(name) for name in whole.split("+")) // int(blocks or 1)


def block_diagonal(blocks: NDArray[Float]) -> NDArray[Float]:
    """The matrix (B*r, B*c) with `blocks` (B, r, c) along its diagonal, and zeros elsewhere."""
    number, rows, columns = blocks.shape
    whole = np.zeros((number, rows, number, columns), blocks.dtype)
    diagonal = np.arange(number)
    whole[diagonal, :, diagonal] = blocks
    return whole.reshape(number * rows, number * columns)


def diagonal_blocks(whole: NDArray[Float], number: int) -> NDArray[Float]:
    """The `number` blocks (B, r, c) along the diagonal of `whole` (B*r, B*c): a copy."""
    rows, columns = (length // number for length in whole.shape)
    diagonal = np.arange(number)
    return whole.reshape(number, rows, number, columns)[diagonal, :, diagonal]
