"""Python's operators on vectors and masks inside kernels.

A number beside a vector is converted to the vector's dtype and put in every lane, whatever its own type: `1.0 - z` stays
float32 where `z` is.
"""

import operator
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing import Signature
from numba.core.typing.templates import signature

from rnncc.runtime.simd.primitive import Lowering, primitive, register
from rnncc.runtime.simd.vector import FLAGS, Mask, Vec, llvm_type, splat

_ARITHMETIC = {operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul", operator.truediv: "fdiv"}
_IN_PLACE = {operator.iadd: "fadd", operator.isub: "fsub", operator.imul: "fmul", operator.itruediv: "fdiv"}
_ORDERED = {operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">=", operator.eq: "=="}
_PAIRS = ((Vec, Vec), (Vec, types.Number), (types.Number, Vec))


def common_vector(*operands: types.Type) -> Vec | None:
    """The one vector type among operands that are vectors and numbers; None where there is none or more than one."""
    vectors = {t for t in operands if isinstance(t, Vec)}
    others = [t for t in operands if not isinstance(t, Vec | types.Integer | types.Float)]
    return vectors.pop() if len(vectors) == 1 and not others else None


def as_vector(context: Any, builder: ir.IRBuilder, vec: Vec, given: types.Type, value: ir.Value) -> ir.Value:
    """`value` of the type `given`, a number or already a vector, as the LLVM vector of `vec`."""
    if isinstance(given, Vec):
        return value
    return splat(builder, llvm_type(vec), context.cast(builder, value, given, vec.dtype))


def _same(a: types.Type, b: types.Type) -> Signature | None:
    vec = common_vector(a, b)
    return vec and signature(vec, a, b)


def _truth(a: types.Type, b: types.Type) -> Signature | None:
    vec = common_vector(a, b)
    return vec and signature(Mask(vec.dtype, vec.lanes), a, b)


def _vector_of_pair(sig: Signature) -> Vec:
    return next(t for t in sig.args if isinstance(t, Vec))


def _vectors(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> list[ir.Value]:
    vec = _vector_of_pair(sig)
    return [as_vector(context, builder, vec, given, value) for given, value in zip(sig.args, values, strict=True)]


def _arithmetic(instruction: str) -> Lowering:
    def lower(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
        return getattr(builder, instruction)(*_vectors(context, builder, sig, values), flags=FLAGS)

    return lower


def _comparison(sign: str) -> Lowering:
    def lower(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
        compare = builder.fcmp_unordered if sign == "!=" else builder.fcmp_ordered
        return compare(sign, *_vectors(context, builder, sig, values))

    return lower


def _masks(a: types.Type, b: types.Type) -> Signature | None:
    return signature(a, a, b) if isinstance(a, Mask) and a == b else None


def _mask_operation(instruction: str) -> Lowering:
    def lower(_context: Any, builder: ir.IRBuilder, _sig: Signature, values: Any) -> ir.Value:
        return getattr(builder, instruction)(*values)

    return lower


def _of_vector(a: types.Type) -> Signature | None:
    return signature(a, a) if isinstance(a, Vec) else None


def _of_mask(a: types.Type) -> Signature | None:
    return signature(a, a) if isinstance(a, Mask) else None


def _negated(_context: Any, builder: ir.IRBuilder, _sig: Signature, values: Any) -> ir.Value:
    return builder.fneg(values[0])


for _function, _instruction in (_ARITHMETIC | _IN_PLACE).items():
    register(_function, _same, _arithmetic(_instruction), *_PAIRS)
for _function, _sign in (_ORDERED | {operator.ne: "!="}).items():
    register(_function, _truth, _comparison(_sign), *_PAIRS)
register(operator.neg, _of_vector, _negated, (Vec,))
register(operator.and_, _masks, _mask_operation("and_"), (Mask, Mask))
register(operator.or_, _masks, _mask_operation("or_"), (Mask, Mask))
register(operator.invert, _of_mask, _mask_operation("not_"), (Mask,))


def _selected(mask: types.Type, a: types.Type, b: types.Type) -> Signature | None:
    if not isinstance(mask, Mask) or common_vector(mask.vec, a, b) is None:
        return None
    return signature(mask.vec, mask, a, b)


def _select(context: Any, builder: ir.IRBuilder, sig: Signature, values: Any) -> ir.Value:
    vec = sig.return_type
    a, b = (as_vector(context, builder, vec, given, value) for given, value in zip(sig.args[1:], values[1:], strict=True))
    return builder.select(values[0], a, b)


@primitive(_selected, _select)
def where(mask: Any, a: Any, b: Any) -> Any:
    """`a` in the lanes where `mask` is true, `b` in the others; each a vector of the mask's dtype or a number."""
