"""As `runtime.blocks`, on a device."""

from rnncc.runtime.kernels import Array
from rnncc.runtime.library import library_of


def block_diagonal(blocks: Array) -> Array:
    """The matrix (B*r, B*c) with `blocks` (B, r, c) along its diagonal, and zeros elsewhere."""
    number, rows, columns = blocks.shape
    whole = library_of(blocks).zeros((number, rows, number, columns), blocks.dtype)
    for k in range(number):
        whole[k, :, k] = blocks[k]
    return whole.reshape(number * rows, number * columns)


def diagonal_blocks(whole: Array, number: int) -> Array:
    """The `number` blocks (B, r, c) along the diagonal of `whole` (B*r, B*c): a copy."""
    rows, columns = (length // number for length in whole.shape)
    parts = whole.reshape(number, rows, number, columns)
    return library_of(whole).stack([parts[k, :, k] for k in range(number)])
