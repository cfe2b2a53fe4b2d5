"""SIMD vectors as Numba types, and the LLVM that works on them.

`Vec` is a value of one vector register, `Mask` the truth of a comparison lane by lane. Both are plain LLVM vectors, so that
Numba's variables of these types end in registers. Types are interned by Numba and pickled by their fields, which lets
compiled kernels be cached on disk.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import models, register_model

from rnncc.runtime.simd.isa import ISA

FLAGS = ("contract",)
"""Of kernel arithmetic: a product and a sum may become one `fma`; nothing is reassociated, NaN and infinity keep their meaning."""

_ON_DEVICE = {"fmuladd": "fma"}
"""Name of an intrinsic -> name in NVIDIA's library, where it is another one."""


class Vec(types.Type):
    """`lanes` elements of `dtype` (Numba's float32 or float64)."""

    def __init__(self, dtype: types.Float, lanes: int) -> None:
        self.dtype = dtype
        self.lanes = lanes
        super().__init__(name=f"Vec({dtype}, {lanes})")

    @property
    def key(self) -> tuple[types.Float, int]:
        """What makes two of them the same type."""
        return self.dtype, self.lanes


class Mask(types.Type):
    """The truth of a comparison of two `Vec` of `dtype` and `lanes`."""

    def __init__(self, dtype: types.Float, lanes: int) -> None:
        self.dtype = dtype
        self.lanes = lanes
        super().__init__(name=f"Mask({dtype}, {lanes})")

    @property
    def key(self) -> tuple[types.Float, int]:
        """What makes two of them the same type."""
        return self.dtype, self.lanes

    @property
    def vec(self) -> Vec:
        """The type of what was compared."""
        return Vec(self.dtype, self.lanes)


@register_model(Vec)
class _VecModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vec: Vec) -> None:
        super().__init__(manager, vec, llvm_type(vec))


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager: Any, mask: Mask) -> None:
        super().__init__(manager, mask, ir.VectorType(ir.IntType(1), mask.lanes))


def vector_of(dtype: types.Type) -> Vec:
    """The vector of Numba's `dtype` at the width of the instruction set."""
    return Vec(dtype, ISA.bits // dtype.bitwidth)


def holds_floats(dtype: types.Type) -> bool:
    """Whether vectors of `dtype` exist."""
    return dtype in (types.float32, types.float64)


def llvm_type(vec: Vec) -> ir.VectorType:
    """`<lanes x float>` or `<lanes x double>`."""
    return ir.VectorType(ir.FloatType() if vec.dtype == types.float32 else ir.DoubleType(), vec.lanes)


def integer_type(vector: ir.VectorType) -> ir.VectorType:
    """The integers as wide as the elements of `vector`: what a bitcast of it gives."""
    return ir.VectorType(ir.IntType(32 if isinstance(vector.element, ir.FloatType) else 64), vector.count)


def splat(builder: ir.IRBuilder, vector: ir.VectorType, scalar: ir.Value) -> ir.Value:
    """`scalar`, of the element type of `vector`, in every lane."""
    nothing = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(nothing, scalar, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count))


def call(builder: ir.IRBuilder, name: str, *operands: ir.Value) -> ir.Value:
    """The LLVM intrinsic `llvm.<name>` on vectors of one type, whose result has that type."""
    vector = operands[0].type
    if vector.count == 1:
        return _call_on_device(builder, name, operands)
    width = 32 if isinstance(vector.element, ir.FloatType) else 64
    signature = ir.FunctionType(vector, [vector] * len(operands))
    function = cgutils.get_or_insert_function(builder.module, signature, f"llvm.{name}.v{vector.count}f{width}")
    return builder.call(function, operands)


def _call_on_device(builder: ir.IRBuilder, name: str, operands: tuple[ir.Value, ...]) -> ir.Value:
    """As `call`, of vectors of one lane, which CUDA kernels have: by the function of that meaning in NVIDIA's library."""
    vector, first = operands[0].type, ir.Constant(ir.IntType(32), 0)
    suffix = "f" if isinstance(vector.element, ir.FloatType) else ""
    signature = ir.FunctionType(vector.element, [vector.element] * len(operands))
    function = cgutils.get_or_insert_function(builder.module, signature, f"__nv_{_ON_DEVICE.get(name, name)}{suffix}")
    result = builder.call(function, [builder.extract_element(v, first) for v in operands])
    return builder.insert_element(ir.Constant(vector, ir.Undefined), result, first)


def fma(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
    """`a * b + c` in one rounding where the machine has the instruction; two instructions, never a library call, where it has not."""
    return call(builder, "fmuladd", a, b, c)
