"""The instruction set that kernels are built for: chosen once from the host's features, or by the environment variable RNNCC_ISA."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from llvmlite import binding
from numpy.typing import DTypeLike

from rnncc.errors import ArgumentError
from rnncc.runtime.tile import SHORT, TALL


@dataclass(frozen=True)
class Isa:
    """A vector width and the register tile that fits it.

    Parameters
    ----------
    name
        `avx512bf16`, `avx512`, `avx2` or `portable`; kernels are kept under it.
    bits
        Width of a vector register.
    registers
        How many of them there are.
    tall, short
        Rows of the product's register tile: at most, and with how many the FMA units are busy.
    vectors
        Vectors of units in a row of that tile: `tall * vectors` accumulators, `vectors` weights and a broadcast fill the registers.
    dots
        Whether bfloat16 weights are multiplied two at a time with numbers rounded to bfloat16, instead of as float32.
    """

    name: str
    bits: int
    registers: int
    tall: int
    short: int
    vectors: int
    dots: bool = False


_KNOWN = {
    isa.name: isa
    for isa in (
        Isa("avx512bf16", bits=512, registers=32, tall=TALL, short=SHORT, vectors=4, dots=True),
        Isa("avx512", bits=512, registers=32, tall=TALL, short=SHORT, vectors=4),
        Isa("avx2", bits=256, registers=16, tall=TALL, short=SHORT, vectors=2),
        Isa("portable", bits=128, registers=16, tall=TALL, short=SHORT, vectors=2),
    )
}
_AVX512 = ("avx512f", "avx512dq", "avx512bw", "avx512vl")
_NEEDS = {"avx512bf16": (*_AVX512, "avx512bf16"), "avx512": _AVX512, "avx2": ("avx2", "fma")}


def choose(features: Mapping[str, bool], wanted: str | None = None) -> Isa:
    """The widest instruction set that `features` offers, or the one called `wanted`.

    A wanted set wider than the machine's still runs: LLVM splits its vectors, and instructions that it has not are written out
    (`runtime.simd.factors`).

    Raises
    ------
    ArgumentError
        `wanted` is no known instruction set.
    """
    if wanted:
        return _named(wanted)
    return next((_KNOWN[name] for name, needs in _NEEDS.items() if all(features.get(f) for f in needs)), _KNOWN["portable"])


def _named(name: str) -> Isa:
    if name not in _KNOWN:
        raise ArgumentError(f"RNNCC_ISA={name}: no such instruction set; set it to one of {', '.join(_KNOWN)}, or unset it")
    return _KNOWN[name]


ISA = choose(binding.get_host_cpu_features(), os.environ.get("RNNCC_ISA"))
"""What this process builds for."""


def lanes_of(dtype: DTypeLike) -> int:
    """How many elements of `dtype` one vector holds."""
    return ISA.bits // (8 * np.dtype(dtype).itemsize)
