"""The elementwise vocabulary on vectors: what generated kernels call, one function a name of `rnncc.functions.VOCABULARY`.

The bounds that the functions state hold for processors with fused multiply-add; without it a product rounds once more.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing import Signature
from numba.core.typing.templates import signature

from rnncc.runtime.simd import error_function, exponential, logarithm, modulo, piecewise, trigonometric
from rnncc.runtime.simd.expression import Lanes, rounded_down, square_root
from rnncc.runtime.simd.operators import as_vector, common_vector
from rnncc.runtime.simd.primitive import Lowering, primitive


def _elementwise(build: Callable[..., Lanes]) -> Callable[..., Any]:
    """The kernel function that `build` makes of vectors; a number among the arguments is put in every lane."""
    return primitive(_typing, _lowering(build))(build)


def _typing(*operands: types.Type) -> Signature | None:
    vec = common_vector(*operands)
    return vec and signature(vec, *operands)


def _lowering(build: Callable[..., Lanes]) -> Lowering:
    def lower(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
        vec = sig.return_type
        lifted = (as_vector(context, builder, vec, given, value) for given, value in zip(sig.args, values, strict=True))
        return build(*(Lanes(builder, value) for value in lifted)).value

    return lower


exp = _elementwise(exponential.exp)
tanh = _elementwise(exponential.tanh)
sigmoid = _elementwise(exponential.sigmoid)
log = _elementwise(logarithm.log)
softplus = _elementwise(logarithm.softplus)
sin = _elementwise(trigonometric.sin)
cos = _elementwise(trigonometric.cos)
erf = _elementwise(error_function.erf)
sqrt = _elementwise(square_root)
floor = _elementwise(rounded_down)
Mod = _elementwise(modulo.modulo)
relu = _elementwise(piecewise.relu)
Abs = _elementwise(piecewise.magnitude)
Max = _elementwise(piecewise.maximum)
Min = _elementwise(piecewise.minimum)
clamp = _elementwise(piecewise.clamp)
step = _elementwise(piecewise.step)
sign = _elementwise(piecewise.sign)
equal = _elementwise(piecewise.equal)
ahead = _elementwise(piecewise.ahead)
inside = _elementwise(piecewise.inside)
surrogate = _elementwise(piecewise.surrogate)
