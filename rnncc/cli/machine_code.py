"""What LLVM made of a cell's kernels."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numba import from_dtype

from rnncc.cli.drawn import drawn_inputs, drawn_seeds, typed
from rnncc.compiler import Compilation
from rnncc.runtime.cache import Cache
from rnncc.runtime.compiled import uncached
from rnncc.runtime.multiply import INTEGERS, multiply
from rnncc.runtime.simd.product import FUNCTIONS_SYMBOL
from rnncc.runtime.sweep import Sweep

_STEPS, _BATCH = 2, 8
"""Rows enough for the form of a kernel that batches use."""


def machine_code(made: Compilation, kernel: str, form: str, dtype: str) -> str:
    """LLVM IR or assembly of every compiled function of `kernel`, and of the one that they call for products.

    They are compiled anew: what comes from the cache keeps neither.

    Parameters
    ----------
    kernel
        inference, forward or backward.
    form
        llvm or asm.
    dtype
        float32 or float64.
    """
    with tempfile.TemporaryDirectory() as folder:
        module = Cache(Path(folder)).module(f"{made.spec.name}_{form}_{dtype}", lambda: made.source)
        run_kernel(made, module, kernel, dtype)
    texts = [_inspected(function, form) for name, function in vars(module).items() if _belongs(name, function, kernel)]
    return "\n".join([*texts, *([_products(form, dtype)] if any(FUNCTIONS_SYMBOL in text for text in texts) else [])])


def _products(form: str, dtype: str) -> str:
    """Of the function for panels of `dtype`."""
    function = uncached(multiply.py_func)
    function.compile((from_dtype(np.dtype(dtype)), *INTEGERS))
    return _inspected(function, form)


def run_kernel(made: Compilation, module: Any, kernel: str, dtype: str) -> None:
    """Call `kernel` of a generated module on random values, backward with what forward leaves it."""
    sweep, env = Sweep(_STEPS, _BATCH), typed(drawn_inputs(made.info, _STEPS, _BATCH), dtype)
    if kernel == "inference":
        module.inference(sweep, env)
        return
    kept = module.forward(sweep, env)
    if kernel == "backward":
        finals = {key: kept[key] for key in ("output", *(f"{s.name}_T" for s in made.info.states))}
        module.backward(sweep, env | typed(drawn_seeds(made.info, finals), dtype) | kept)


def _belongs(name: str, function: Any, kernel: str) -> bool:
    return name.startswith(f"{kernel}_") and hasattr(function, "inspect_llvm")


def _inspected(function: Any, form: str) -> str:
    inspect = function.inspect_llvm if form == "llvm" else function.inspect_asm
    mark = ";" if form == "llvm" else "#"
    return "\n".join(f"{mark} {function.py_func.__name__}{signature}\n{text}" for signature, text in inspect().items())
