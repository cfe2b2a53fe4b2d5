"""A program of its own: assembly of the register tile for the processor that Numba's environment names. Argument: float32 or bfloat16.

What it compiles it does not run, so that the processor may be another one than this machine's.
"""

import sys

from numba import njit, types

from rnncc.runtime.compiled import new_tile
from rnncc.runtime.simd import load, product, store

PANELS = {"float32": types.float32, "bfloat16": types.uint32}


def tile_kernel(out, panel, vectors, x):
    """Sums of one group of units, of all rows."""
    tile = new_tile(panel, vectors)
    product(tile, panel, 0, 0, out.shape[0], (x, x.shape[1]))
    for row in range(out.shape[0]):
        for v in range(vectors):
            store(load(tile, row, v, 0), out, row, v, 0)


def main(panel):
    """As `runtime.compiled.kernel` compiles, without a cache."""
    compiled = njit(nogil=True, error_model="numpy", fastmath={"contract"}, no_cfunc_wrapper=True)(tile_kernel)
    out, packed, x = (types.Array(t, n, "C") for t, n in ((types.float32, 3), (PANELS[panel], 3), (types.float32, 2)))
    compiled.compile((out, packed, types.intp, x))
    print(*compiled.inspect_asm().values())


if __name__ == "__main__":
    main(*sys.argv[1:])
