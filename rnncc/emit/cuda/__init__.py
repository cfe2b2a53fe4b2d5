"""Programs as Numba kernels for CUDA: the schedule of the CPU's kernels, and their names, written for threads of one number each."""

from rnncc.emit.cuda.module import module_source

__all__ = ["module_source"]
