"""CPU backend: a schedule as readable Numba kernels over SIMD vectors."""

from rnncc.emit.cpu.module import module_source

__all__ = ["module_source"]
