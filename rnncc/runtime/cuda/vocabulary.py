"""The elementwise vocabulary on numbers of a device: the very functions of `rnncc.runtime.simd`, on vectors of one lane.

So their bounds hold here too, and nothing is approximated by the device's own fast functions. Outside a kernel each is the function of
that name of `rnncc.runtime.host`.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from rnncc.runtime import host
from rnncc.runtime.cuda.text import PRIMITIVES, Function, Lowering, Primitive
from rnncc.runtime.simd import error_function, exponential, logarithm, modulo, piecewise, trigonometric
from rnncc.runtime.simd.expression import Lanes, rounded_down, square_root

__all__ = [
    "Abs", "Max", "Min", "Mod", "ahead", "clamp", "cos", "equal", "erf", "exp", "floor", "inside", "log",
    "relu", "sigmoid", "sign", "sin", "softplus", "sqrt", "step", "surrogate", "tanh", "where",
]  # fmt: skip

_FIRST = ir.Constant(ir.IntType(32), 0)


def _numbers(types: Any, *given: Any) -> Any:
    """Numbers of one float dtype; what is not of it is no number of this kernel's."""
    fits = given[0] in (types.float32, types.float64) and all(t == given[0] for t in given)
    return (given[0], *given) if fits else None


def _lowering(build: Callable[..., Lanes]) -> Lowering:
    def lower(_context: Any, builder: ir.IRBuilder, _sig: Any, values: Any) -> ir.Value:
        result = build(*(Lanes(builder, _vector(builder, value)) for value in values))
        return builder.extract_element(result.value, _FIRST)

    return lower


def _vector(builder: ir.IRBuilder, number: ir.Value) -> ir.Value:
    nothing = ir.Constant(ir.VectorType(number.type, 1), ir.Undefined)
    return builder.insert_element(nothing, number, _FIRST)


def _elementwise(name: str, build: Callable[..., Lanes]) -> Function:
    meaning = getattr(host, name)

    def function(*args: Any) -> Any:
        return meaning(*args)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = build.__doc__
    PRIMITIVES[function] = Primitive(_numbers, _lowering(build))
    return function


def _selected(types: Any, condition: Any, a: Any, b: Any) -> Any:
    return (a, condition, a, b) if condition == types.boolean and a == b and a in (types.float32, types.float64) else None


def _select(_context: Any, builder: ir.IRBuilder, _sig: Any, values: Any) -> ir.Value:
    return builder.select(*values)


def where(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition, a boolean, holds, else `b`."""
    return host.where(condition, a, b)


PRIMITIVES[where] = Primitive(_selected, _select)
exp = _elementwise("exp", exponential.exp)
tanh = _elementwise("tanh", exponential.tanh)
sigmoid = _elementwise("sigmoid", exponential.sigmoid)
log = _elementwise("log", logarithm.log)
softplus = _elementwise("softplus", logarithm.softplus)
sin = _elementwise("sin", trigonometric.sin)
cos = _elementwise("cos", trigonometric.cos)
erf = _elementwise("erf", error_function.erf)
sqrt = _elementwise("sqrt", square_root)
floor = _elementwise("floor", rounded_down)
Mod = _elementwise("Mod", modulo.modulo)
relu = _elementwise("relu", piecewise.relu)
Abs = _elementwise("Abs", piecewise.magnitude)
Max = _elementwise("Max", piecewise.maximum)
Min = _elementwise("Min", piecewise.minimum)
clamp = _elementwise("clamp", piecewise.clamp)
step = _elementwise("step", piecewise.step)
sign = _elementwise("sign", piecewise.sign)
equal = _elementwise("equal", piecewise.equal)
ahead = _elementwise("ahead", piecewise.ahead)
inside = _elementwise("inside", piecewise.inside)
surrogate = _elementwise("surrogate", piecewise.surrogate)
