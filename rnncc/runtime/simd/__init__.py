"""SIMD vectors for Numba kernels: the instruction set, the vector type, memory, reductions and the elementwise vocabulary.

Generated kernels are generic Python over these; one source serves every dtype and instruction set:

    for unit in range(0, units, lanes(y)):
        c_new = load(f, row, unit) * load(c, row, unit) + load(i, row, unit) * load(g, row, unit)
        store(load(o, row, unit) * tanh(c_new), y, row, unit)
"""

from rnncc.runtime.simd.isa import ISA, Isa, lanes_of
from rnncc.runtime.simd.math import (
    Abs,
    Max,
    Min,
    Mod,
    ahead,
    clamp,
    cos,
    equal,
    erf,
    exp,
    floor,
    inside,
    log,
    relu,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    step,
    surrogate,
    tanh,
)
from rnncc.runtime.simd.memory import add_at, fill, lanes, load, splat_at, store
from rnncc.runtime.simd.operators import where
from rnncc.runtime.simd.product import product
from rnncc.runtime.simd.reduction import first_lanes, max_lanes, sum_lanes
from rnncc.runtime.simd.vector import Mask, Vec, vector_of

__all__ = [
    "ISA",
    "Abs",
    "Isa",
    "Mask",
    "Max",
    "Min",
    "Mod",
    "Vec",
    "add_at",
    "ahead",
    "clamp",
    "cos",
    "equal",
    "erf",
    "exp",
    "fill",
    "first_lanes",
    "floor",
    "inside",
    "lanes",
    "lanes_of",
    "load",
    "log",
    "max_lanes",
    "product",
    "relu",
    "sigmoid",
    "sign",
    "sin",
    "softplus",
    "splat_at",
    "sqrt",
    "step",
    "store",
    "sum_lanes",
    "surrogate",
    "tanh",
    "vector_of",
    "where",
]
