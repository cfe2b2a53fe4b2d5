"""Panels as the host packs them, written down once more from their description."""

import numpy as np

from rnncc.runtime.cuda.constants import DEPTH, UNITS, row_stride
from tests.cuda.emulator import rounded_bf16, rounded_tf32


def deep(columns):
    """`columns` padded to whole numbers of DEPTH."""
    return -(-columns // DEPTH) * DEPTH


def panel(matrices, dtype):
    """The panel of `matrices` (one a row of lists an accumulator: (units, K), one an operand) in words of `dtype`."""
    units, sizes = matrices[0][0].shape[0], [m.shape[1] for m in matrices[0]]
    stride = row_stride(sum(map(deep, sizes)), dtype)
    made = np.zeros((-(-units // UNITS), len(matrices), UNITS, stride), matrices[0][0].dtype)
    for a, row in enumerate(matrices):
        start = 0
        for matrix, size in zip(row, sizes, strict=True):
            for unit in range(units):
                made[unit // UNITS, a, unit % UNITS, start : start + size] = matrix[unit]
            start += deep(size)
    return in_words(made, dtype)


def in_words(numbers, dtype):
    """`numbers` as words of TF32 or bfloat16, or as they are."""
    match dtype:
        case "uint32":
            return rounded_tf32(numbers).view(np.uint32)
        case "uint16":
            return (rounded_bf16(numbers).view(np.uint32) >> np.uint32(16)).astype(np.uint16)
        case _:
            return numbers


def padded(rows):
    """`rows` (rows, columns) with zeros up to whole numbers of DEPTH columns."""
    return np.pad(rows, [(0, 0)] * (rows.ndim - 1) + [(0, -rows.shape[-1] % DEPTH)])
