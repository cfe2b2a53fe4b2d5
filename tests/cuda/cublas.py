"""The function of cuBLAS that is called by itself, on memory of the host: column by column, numbers of TF32 or as they are."""

import ctypes

import numpy as np

from rnncc.runtime.cuda.rounding import tf32

FAST_TF32 = 77
KINDS = {0: (ctypes.c_float, {FAST_TF32, 68}), 1: (ctypes.c_double, {70})}
"""Numbers, and how they may be computed."""
called = []
"""(rows, K, columns) of every product."""


def _matrix(number, pointer, rows, columns, step):
    """The matrix (rows, columns) whose columns lie `step` numbers apart."""
    assert step >= max(1, rows)
    numbers = np.frombuffer((number * ((columns - 1) * step + rows)).from_address(pointer), number)
    strides = (numbers.itemsize, numbers.itemsize * step)
    return np.lib.stride_tricks.as_strided(numbers, (rows, columns), strides, writeable=True)


def _operand(number, pointer, transposed, rows, columns, step, compute):
    found = _matrix(number, pointer, columns, rows, step).T if transposed else _matrix(number, pointer, rows, columns, step)
    return tf32(np.ascontiguousarray(found)).view(np.float32) if compute == FAST_TF32 else found


def gemmEx(handle, transa, transb, m, n, k, alpha, a, a_type, lda, b, b_type, ldb, beta, c, c_type, ldc, compute, algorithm):
    assert handle
    number, ways = KINDS[a_type]
    assert compute in ways
    assert (b_type, c_type, algorithm) == (a_type, a_type, -1)
    assert [_matrix(number, pointer, 1, 1, 1)[0, 0] for pointer in (alpha, beta)] == [1, 0]
    called.append((n, k, m))
    left, right = _operand(number, a, transa, m, k, lda, compute), _operand(number, b, transb, k, n, ldb, compute)
    _matrix(number, c, m, n, ldc)[...] = left @ right
