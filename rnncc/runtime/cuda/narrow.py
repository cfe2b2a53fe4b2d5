"""Residuals in arrays of fewer bits: the dtype of the array chooses, so that one kernel's text serves all."""

from typing import Any

from llvmlite import ir

from rnncc.runtime.cuda.text import primitive

_HALF, _WORD = ir.IntType(16), ir.IntType(32)


def _narrowed_type(types: Any, value: Any, array: Any) -> Any:
    if not isinstance(array, types.Array):
        return None
    fits = value == array.dtype or (value, array.dtype) == (types.float32, types.uint16)
    return (array.dtype, value, array) if fits else None


def _narrow(_context: Any, builder: ir.IRBuilder, sig: Any, values: Any) -> ir.Value:
    value, _ = values
    if sig.return_type == sig.args[0]:
        return value
    return builder.asm(ir.FunctionType(_HALF, [value.type]), "cvt.rn.bf16.f32 $0, $1;", "=h,f", [value], False)


@primitive(_narrowed_type, _narrow)
def narrowed(value: Any, array: Any) -> Any:
    """`value` as `array` keeps it: as it is, or the bits of the nearest bfloat16 for uint16, of two as near the even one."""


def _widened_type(types: Any, value: Any) -> Any:
    if value == types.uint16:
        return types.float32, value
    return (value, value) if value in (types.float32, types.float64) else None


def _widen(_context: Any, builder: ir.IRBuilder, sig: Any, values: Any) -> ir.Value:
    (value,) = values
    if sig.return_type == sig.args[0]:
        return value
    word = builder.shl(builder.zext(value, _WORD), ir.Constant(_WORD, 16))
    return builder.bitcast(word, ir.FloatType())


@primitive(_widened_type, _widen)
def widened(value: Any) -> Any:
    """What `narrowed` kept as `value`, as a number to compute with: float32 of bfloat16."""
