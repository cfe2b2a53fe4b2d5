"""CPU backend: a schedule as readable Numba kernels over SIMD vectors."""

from rnncc.emit.cpu.module import Programs, module_source

__all__ = ["Programs", "module_source"]
