"""A program of its own: one cell for the instruction set that the environment names. Arguments: the cell, the widths of its vectors."""

import sys

import numpy as np

from rnncc.compiler import compile_cell
from rnncc.modules import load_module
from rnncc.runtime.simd import lanes_of
from tests.emit.cpu_cases import arrays, expected_in_training, source_of, sweep_of, trained_by, worst

SHAPE, LENGTHS = (5, 7, 3, 18), (5, 5, 4, 3, 2, 1, 0)
TOLERANCE = {"float64": 1e-12, "float32": 4 * 2 * 7 * np.finfo(np.float32).eps}
"""In float64 as in `test_cpu`; in float32 what benchdnn allows, 4 (1 + backward) ceil(log2(K T)) eps."""


def main(name, *widths):
    """Forward and backward in both dtypes; an AssertionError where something is wrong."""
    made, module = compile_cell(source_of(name)), load_module(source_of(name))
    sweep = sweep_of(SHAPE, LENGTHS, reverse=True)
    for (dtype, tolerance), width in zip(TOLERANCE.items(), widths, strict=True):
        assert lanes_of(dtype) == int(width)
        env = arrays(made, SHAPE, np.dtype(dtype), scale=0.3)
        error, key = worst(trained_by(module, made, env, sweep), expected_in_training(made, env, sweep))
        assert error < tolerance, (dtype, key, error)


if __name__ == "__main__":
    main(*sys.argv[1:])
