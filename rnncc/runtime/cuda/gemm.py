"""Products of two matrices through the array library: of float32 exactly, or by tensor cores.

CuPy has one setting for that, which is everybody's in the process; so cuBLAS is asked here for each product what it shall do.
"""

from typing import Any

import numpy as np

from rnncc.runtime.kernels import Array
from rnncc.runtime.library import library_of

_FLOAT32, _BY_TF32, _ANY_ALGORITHM = 0, 77, -1
"""cuBLAS's numbers for CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32 and CUBLAS_GEMM_DEFAULT."""
_ONE, _ZERO = np.ones(1, np.float32), np.zeros(1, np.float32)
"""What cuBLAS scales the product and the old result by, read from the host."""


def product(a: Array, b: Array, tf32: bool) -> Array:
    """a @ b.

    Parameters
    ----------
    a, b
        (rows, K) and (K, columns), of NumPy or of a device.
    tf32
        Whether float32 of a device is rounded to TF32, ten bits behind the point, and added up in float32.

    Returns
    -------
    (rows, columns), C-contiguous.
    """
    library = library_of(a)
    if not tf32 or library is np or a.dtype != np.float32 or not a.size or not b.size:
        return a @ b
    (rows, depth), columns = a.shape, b.shape[1]
    made: Any = library.empty((rows, columns), a.dtype)
    (own, by, own_step), (other, with_, other_step) = _as_cublas_reads(library, b), _as_cublas_reads(library, a)
    library.cuda.cublas.gemmEx(
        library.cuda.Device().cublas_handle, by, with_, columns, rows, depth,
        _ONE.ctypes.data, own.data.ptr, _FLOAT32, own_step, other.data.ptr, _FLOAT32, other_step,
        _ZERO.ctypes.data, made.data.ptr, _FLOAT32, columns, _BY_TF32, _ANY_ALGORITHM,
    )  # fmt: skip
    result: Array = made
    return result


def _as_cublas_reads(library: Any, matrix: Any) -> tuple[Any, int, int]:
    """`matrix` or a copy, whether it has to be transposed, and numbers from line to line.

    cuBLAS reads column by column, where it finds transposes: (a @ b).T is b.T @ a.T.
    """
    (rows, columns), (down, right) = matrix.shape, (stride // matrix.itemsize for stride in matrix.strides)
    if right == 1 and down >= columns:
        return matrix, 0, down
    if down == 1 and right >= rows:
        return matrix, 1, right
    return library.ascontiguousarray(matrix), 0, columns
