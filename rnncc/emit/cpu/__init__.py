"""CPU backend: a schedule as readable Numba kernels over SIMD vectors."""

from rnncc.emit.cpu.module import module_source
from rnncc.emit.cpu.sweeps import Programs

__all__ = ["Programs", "module_source"]
