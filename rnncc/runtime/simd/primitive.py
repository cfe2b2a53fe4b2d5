"""How a function that kernels call is taught to Numba: one rule that types it, one that lowers it to LLVM."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from numba.core import types
from numba.core.typing import Signature
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import lower_builtin

P = ParamSpec("P")
R = TypeVar("R")
Typing = Callable[..., Signature | None]
"""Argument types, literals made ordinary, to the signature; None where they do not fit."""
Lowering = Callable[..., Any]
"""(context, builder, signature, values) to the LLVM value."""


def primitive(typing: Typing, lower: Lowering) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make the decorated stub callable inside kernels; its body is its documentation.

    Outside a kernel a call raises TypeError.
    """

    def define(stub: Callable[P, R]) -> Callable[P, R]:
        @wraps(stub)
        def function(*_args: P.args, **_kwargs: P.kwargs) -> R:
            raise TypeError(f"{stub.__name__} can be called from compiled kernels only")

        register(function, typing, lower, (types.VarArg(types.Any),))
        return function

    return define


def register(function: Callable[..., Any], typing: Typing, lower: Lowering, *patterns: tuple[Any, ...]) -> None:
    """Teach Numba `function` (a stub or one of `operator`): `typing` decides, `lower` serves the argument types of each pattern."""

    class Template(AbstractTemplate):
        key = function

        def generic(self, args: tuple[types.Type, ...], kws: dict[str, types.Type]) -> Signature | None:
            return None if kws else typing(*map(types.unliteral, args))

    infer_global(function, types.Function(Template))
    for pattern in patterns:
        lower_builtin(function, *pattern)(lower)
