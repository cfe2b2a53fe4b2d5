"""Products of two matrices through the array library: of float32 exactly, or by tensor cores.

CuPy has one setting for that, which is everybody's in the process; so cuBLAS is asked here for each product what it shall do. So it is
while a CUDA graph is taken down, which CuPy does not let it take part in.
"""

from typing import Any

import numpy as np

from rnncc.runtime.cuda.cublas import gemm_in_graph
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import captured, library_of

_KINDS, _EXACTLY, _BY_TF32, _ANY_ALGORITHM = {"float32": 0, "float64": 1}, {"float32": 68, "float64": 70}, 77, -1
"""cuBLAS's numbers for CUDA_R_32F and 64F, CUBLAS_COMPUTE_32F, 64F and 32F_FAST_TF32, and CUBLAS_GEMM_DEFAULT."""
_SCALES = {name: (np.ones(1, name), np.zeros(1, name)) for name in _KINDS}
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
    library, name = library_of(a), a.dtype.name
    in_graph = captured(library)
    rounded = tf32 and library is not np and name == "float32"
    if not (in_graph or rounded) or not a.size or not b.size:
        return a @ b
    (rows, depth), columns = a.shape, b.shape[1]
    made: Any = library.empty((rows, columns), a.dtype)
    (own, by, own_step), (other, with_, other_step) = _as_cublas_reads(library, b), _as_cublas_reads(library, a)
    kind, (one, zero), gemm = _KINDS[name], _SCALES[name], gemm_in_graph(library) if in_graph else library.cuda.cublas.gemmEx
    gemm(
        library.cuda.Device().cublas_handle, by, with_, columns, rows, depth,
        one.ctypes.data, own.data.ptr, kind, own_step, other.data.ptr, kind, other_step,
        zero.ctypes.data, made.data.ptr, kind, columns, _BY_TF32 if rounded else _EXACTLY[name], _ANY_ALGORITHM,
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
