"""A program of its own: assembly of the register tile for the processor that Numba's environment names. Argument: float32 or bfloat16.

What it compiles it does not run, so that the processor may be another one than this machine's.
"""

import sys

from numba import types

from rnncc.runtime.compiled import uncached
from rnncc.runtime.multiply import INTEGERS, multiply

PANELS = {"float32": types.float32, "bfloat16": types.uint32}


def main(panel):
    """As `runtime.compiled.kernel` compiles, without a cache."""
    compiled = uncached(multiply.py_func)
    compiled.compile((PANELS[panel], *INTEGERS))
    print(*compiled.inspect_asm().values())


if __name__ == "__main__":
    main(*sys.argv[1:])
