"""What compiled kernels are made with: the decorator, and the tiling of rows and units."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from rnncc.runtime.cache_kernels import cached
from rnncc.runtime.simd.isa import ISA

_TALL, _SHORT, _VECTORS = ISA.tall, ISA.short, ISA.vectors


def kernel(function: Callable[..., None]) -> Any:
    """Compile `function` on first use for the dtype of its arguments: without the GIL, IEEE division, products fused with sums."""
    return cached(njit(nogil=True, error_model="numpy", fastmath={"contract"}, no_cfunc_wrapper=True)(function))


@njit(nogil=True, error_model="numpy")
def tile_rows(rows):  # type: ignore[no-untyped-def]
    """How many of `rows` rows the next tile takes: tall tiles, short ones where they leave fewer rows idle."""
    best = _SHORT if rows <= _SHORT or _TALL < rows <= 2 * _SHORT else _TALL
    return min(rows, best)


@njit(nogil=True, error_model="numpy")
def groups(units, width, blocks):  # type: ignore[no-untyped-def]
    """How many groups of `blocks` vectors of `width` lanes hold `units` units."""
    return (units + width * blocks - 1) // (width * blocks)


@njit(nogil=True, error_model="numpy")
def new_tile(panel, vectors):  # type: ignore[no-untyped-def]
    """The tile that the product of one group of `panel` leaves its sums in: (tall, vectors, lanes)."""
    return np.empty((_TALL, vectors, panel.shape[2] // _VECTORS), panel.dtype)
