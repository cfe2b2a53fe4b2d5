"""The one module that imports numba-cuda; it is imported itself when the first kernel is compiled, and by nothing before.

Primitives are taught to numba-cuda once, under the functions that stand for them. A device function becomes a dispatcher of
numba-cuda, always inlined, one for each dtype: its floats are constants of that dtype, so that a kernel on float32 never computes
in float64.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from cuda import core, pathfinder
from numba import cuda
from numba.cuda import types
from numba.cuda.compiler import compile_cuda
from numba.cuda.dispatcher import CUDADispatcher
from numba.cuda.extending import lower_builtin
from numba.cuda.typing.templates import AbstractTemplate, infer_global, signature
from numba.cuda.typing.typeof import typeof

from rnncc.runtime.cuda.cluster import IN_CLUSTERS
from rnncc.runtime.cuda.constants import THREADS
from rnncc.runtime.cuda.text import DEVICE, PRIMITIVES, Function, Primitive, rewritten

__all__ = ["core", "cuda", "dispatcher", "program", "ptx", "shared_library"]

_OLDEST = (8, 0)
"""Compute capability of the oldest devices that are served."""


def dispatcher(function: Function, dtype: str, clustered: bool) -> Any:
    """The numba-cuda dispatcher of a kernel whose floats are of `dtype`, compiled for the types of its arguments when it is called."""
    return cuda.jit(_kernel(function, dtype, clustered), launch_bounds=(THREADS, 1), lto=False, cache=True)


class _DeviceFunction(CUDADispatcher):
    """Compiled once for integers of a type, whether the kernel's text says which or not: after inlining they are constants anyway."""

    def get_call_template(self, args: Any, kws: Any) -> Any:
        return super().get_call_template(tuple(map(types.unliteral, args)), kws)

    def compile_device(self, args: Any, return_type: Any = None) -> Any:
        """For any device: what is compiled here becomes machine code as a part of kernels alone."""
        if args not in self.overloads:
            made = compile_cuda(self.py_func, return_type, args, forceinline=True, nvvm_options={"opt": 3}, cc=_OLDEST)
            self.overloads[args] = made
            made.target_context.insert_user_function(made.entry_point, made.fndesc, [made.library])
        return self.overloads[args]


@cache
def _device(function: Function, dtype: str) -> Any:
    return _DeviceFunction(_in(function, dtype, {}), {"device": True})


def ptx(function: Function, dtype: str, arguments: Sequence[Any], capability: tuple[int, int], clustered: bool) -> str:
    """The PTX of a kernel for arguments like these (arrays of NumPy stand for a device's), without a device."""
    made = _kernel(function, dtype, clustered)
    kinds = tuple(typeof(argument) for argument in arguments)
    code, _ = cuda.compile(made, kinds, device=False, abi="numba", cc=capability, launch_bounds=(THREADS, 1))
    return str(code)


def _kernel(function: Function, dtype: str, clustered: bool) -> Function:
    """A kernel for the device; that of clusters has a name of its own, by which numba-cuda tells apart what it keeps of both."""
    made = _in(function, dtype, IN_CLUSTERS if clustered else {})
    if clustered:
        made.__qualname__ += "_in_clusters"
    return made


def _in(function: Function, dtype: str, instead: Mapping[Function, Function]) -> Function:
    """`function` with the meaning that everything it names has on a device, or what is named `instead` of it."""
    _teach_all()

    def meaning(named: Any) -> Any:
        if not getattr(named, "__hash__", None):
            return named
        found = instead.get(named, named)
        return _device(found, dtype) if found in DEVICE else found

    return rewritten(function, meaning, np.dtype(dtype).type)


def program(name: str) -> str | None:
    """Where a program of the CUDA toolkit is."""
    found: str | None = pathfinder.find_nvidia_binary_utility(name)
    return found


def shared_library(name: str) -> str:
    """Where a library of the CUDA toolkit was loaded from; it is loaded where it was not."""
    return str(pathfinder.load_nvidia_dynamic_lib(name).abs_path)


_TAUGHT: set[Function] = set()


def _teach_all() -> None:
    for function in PRIMITIVES.keys() - _TAUGHT:
        _teach(function, PRIMITIVES[function])
        _TAUGHT.add(function)


def _teach(function: Function, known: Primitive) -> None:
    class Template(AbstractTemplate):
        key = function
        prefer_literal = True

        def generic(self, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
            found = None if kws else known.typing(types, *args)
            return found and signature(found[0], *found[1:])

    infer_global(function, types.Function(Template))
    lower_builtin(function, types.VarArg(types.Any))(known.lower)
