"""Kernels launched on the processor, by their PTX: in the place of `rnncc.runtime.cuda.start.start`."""

from collections.abc import Iterator, Sequence
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from rnncc.runtime.cuda.assemble import ptx
from rnncc.runtime.cuda.compiled import Kernel
from rnncc.runtime.cuda.start import Grid
from tests.cuda.device import unwrapped
from tests.cuda.ptx.arithmetic import KINDS
from tests.cuda.ptx.machine import Machine
from tests.cuda.ptx.memory import Memory
from tests.cuda.ptx.parse import Program, parse

_ARCHITECTURES = {False: "sm_80", True: "sm_90"}
"""The oldest that has clusters, or has none."""


def start(kernel: Kernel, dtype: str, grid: Grid, arguments: Sequence[Any], _library: ModuleType, in_turn: bool = False) -> None:
    """Run a grid, on arrays of NumPy or of the stand-in for CuPy."""
    number = np.dtype(dtype).type
    given = [number(a) if isinstance(a, float) else a if isinstance(a, np.ndarray) else unwrapped(a) for a in arguments]
    assert all(a.flags.c_contiguous for a in given if isinstance(a, np.ndarray))
    run(program(kernel, dtype, tuple(map(_kind, given)), grid.cluster > 1), grid, given, in_turn)


def emulated(kernel: Kernel, dtype: str, blocks: int, shared: int, *arguments: Any, size: int = 1) -> None:
    """As `tests.cuda.emulator.run`, for numbers and arrays of NumPy."""
    start(kernel, dtype, Grid(blocks, shared * np.dtype(dtype).itemsize, together=False, cluster=size), arguments, np)


def run(kernel: Program, grid: Grid, arguments: Sequence[Any], in_turn: bool = False) -> None:
    """Run a grid on arrays of NumPy, which kernels write in place, and numbers.

    Raises
    ------
    Fault
        It does what no kernel may do.
    """
    memory = Memory(grid)
    values = [value for argument in arguments for value in _words(argument, memory)]
    typed = zip(kernel.parameters.items(), values, strict=True)
    parameters = {name: np.array(value).astype(KINDS[kind]) for (name, kind), value in typed}
    Machine(kernel, grid, memory, parameters, in_turn).run()


def _words(argument: Any, memory: Memory) -> Iterator[Any]:
    """The parameters of an argument as numba has them: of an array two of its owner, sizes, its address, shape and strides."""
    if not isinstance(argument, np.ndarray) or not argument.ndim:
        yield argument
        return
    yield from (0, 0, argument.size, argument.itemsize, memory.place(argument), *argument.shape, *argument.strides)


def _kind(argument: Any) -> tuple[str, int]:
    return np.result_type(argument).name, argument.ndim if isinstance(argument, np.ndarray) and argument.ndim else -1


@cache
def program(kernel: Kernel, dtype: str, kinds: tuple[tuple[str, int], ...], clustered: bool) -> Program:
    """A kernel for arguments of these types."""
    given = [np.dtype(name).type(0) if axes < 0 else np.empty((1,) * axes, name) for name, axes in kinds]
    return parse(ptx(kernel, dtype, given, _ARCHITECTURES[clustered], clustered))
