"""Launches without a device: the blocks of a grid are Python threads of one CUDA thread each, on the arrays of a stand-in for CuPy.

Everything of the host is the real thing: arrays, packed weights, plans and their shared memory. What a kernel is made of is that of
`tests.emit.simulated_cuda`, in blocks and groups of the sizes that they have on a device.
"""

import sys
import threading
from functools import partial
from types import FunctionType, ModuleType

import numpy as np

from rnncc.runtime.cuda import constants
from rnncc.runtime.cuda.rounding import of_bfloat16
from tests.cuda.device import unwrapped
from tests.emit import simulated_cuda

_block = threading.local()
launched = []
"""The grid of every launch."""
streams = []
"""The stream that each was put on."""


def module_of(source):
    """The module of `source`."""
    module = ModuleType("simulated_device")
    sys.modules["simulated_device"] = module
    exec(compile(source, "<generated>", "exec"), module.__dict__)
    return module


def start(kernel, dtype, grid, arguments, library):
    """In the place of `rnncc.runtime.cuda.start.start`."""
    launched.append(grid)
    streams.append(library.cuda.get_current_stream().ptr)
    assert all(a.flags.c_contiguous for a in arguments if getattr(a, "shape", ()))
    number = np.dtype(dtype).type
    given = [number(a) if isinstance(a, float) else unwrapped(a) for a in arguments]
    function = kernel.py_func
    run = FunctionType(function.__code__, {**function.__globals__, **PRIMITIVES})
    waiting, size = (grid.together, grid.blocks) if grid.cluster == 1 else (True, grid.cluster)
    meets = [threading.Barrier(given[1]) for _ in range(-(-grid.blocks // given[1]))] if waiting else None

    def work(first, number):
        simulated_cuda._block.number, simulated_cuda._block.blocks = first + number, grid.blocks
        _block.meets, _block.memory = meets, np.full(grid.shared // np.dtype(dtype).itemsize, np.nan, dtype)
        run(*given)

    for first in range(0, grid.blocks, size):  # one cluster after the other
        simulated_cuda._together(size, partial(work, first))


def barrier(meet, owners, meeting):
    if owners > 1:
        _block.meets[simulated_cuda._block.number // owners].wait(timeout=20)
    return meeting + 1


def resident(space, free, panel, low, keep):
    """The kept groups have to find room."""
    after = free + keep * panel[0].nbytes // space.itemsize
    assert after <= len(space)
    numbers = {np.uint32: lambda bits: bits.view(np.float32), np.uint16: of_bfloat16}.get(panel.dtype.type, lambda panel: panel)
    return (numbers(panel), low, keep), after


PRIMITIVES = simulated_cuda.PRIMITIVES | {
    "DEPTH": constants.DEPTH,
    "ROWS": constants.ROWS,
    "TILE": constants.TILE,
    "UNITS": constants.UNITS,
    "barrier": barrier,
    "resident": resident,
    "shared_memory": lambda like: _block.memory,
}
