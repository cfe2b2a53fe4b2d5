"""Kernels as text: plain Python functions whose names are given a meaning when they are compiled, or emulated.

What a kernel calls is one of two things. A *device function* is plain Python again. A *primitive* is an instruction or a few, written
with LLVM; outside a kernel it raises TypeError. Both are marked here and nothing else happens to them: a module of kernels can be
imported, read and emulated without numba-cuda.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from types import FunctionType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Function = Callable[..., Any]
Typing = Callable[..., Any]
"""(Numba's types, argument types) to the result's type and those that the arguments are converted to; None where they do not fit."""
Lowering = Callable[..., Any]
"""(context, builder, signature, values) to the LLVM value."""

DEVICE: set[Function] = set()
"""Every device function."""


@dataclass(frozen=True)
class Primitive:
    """How Numba types and lowers a primitive."""

    typing: Typing
    lower: Lowering


PRIMITIVES: dict[Function, Primitive] = {}
"""Every primitive."""


def device(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a device function."""
    DEVICE.add(function)
    return function


def primitive(typing: Typing, lower: Lowering) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark the decorated stub as a primitive; its body is its documentation."""

    def define(stub: Callable[P, R]) -> Callable[P, R]:
        @wraps(stub)
        def function(*_args: P.args, **_kwargs: P.kwargs) -> R:
            raise TypeError(f"{stub.__name__} can be called from compiled kernels only")

        PRIMITIVES[function] = Primitive(typing, lower)
        return function

    return define


def rewritten(function: Function, meaning: Callable[[Any], Any], number: Callable[[float], Any] = float) -> Function:
    """A copy of `function`: what it names of globals replaced by its `meaning`, every float, named or in the text, by that `number`."""
    if not isinstance(function, FunctionType):
        raise TypeError(f"{function} is no Python function: its names cannot be replaced")
    code, names = function.__code__, function.__globals__

    def of_dtype(value: Any) -> Any:
        return number(value) if isinstance(value, float) else value

    own = {name: meaning(of_dtype(names[name])) for name in code.co_names if name in names}
    constants = tuple(map(of_dtype, code.co_consts))
    made = FunctionType(code.replace(co_consts=constants), {**names, **own}, function.__name__, function.__defaults__)
    made.__qualname__, made.__doc__ = function.__qualname__, function.__doc__
    return made
