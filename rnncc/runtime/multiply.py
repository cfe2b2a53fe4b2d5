"""The function that kernels call for their products (`runtime.simd.product`): compiled once a machine and type of packed weights."""

from functools import cache

import numpy as np
from numba import from_dtype, types

from rnncc.runtime.compiled import kernel
from rnncc.runtime.simd.fill_tile import fill_tile
from rnncc.runtime.simd.product import FUNCTIONS, entry_of

INTEGERS = (types.intp,) * 8
"""Types of the arguments of `multiply` but the first."""


@kernel
def multiply(element, tile, row_stride, weights, stride, vectors, count, number, frame):  # type: ignore[no-untyped-def]
    """See `runtime.simd.fill_tile.fill_tile`."""
    fill_tile(element, tile, row_stride, weights, stride, vectors, count, number, frame)


@cache
def prepare(element: np.dtype[np.generic]) -> None:
    """See to it that kernels find the function for panels of `element`: float32, float64, or uint32 for pairs of bfloat16."""
    kind = from_dtype(element)
    arguments = (kind, *INTEGERS)
    multiply.compile(arguments)
    made = multiply.overloads[arguments]
    FUNCTIONS[entry_of(kind)] = made.library.get_pointer_to_function(made.fndesc.llvm_func_name)
