"""What LLVM makes of a kernel: vector instructions, fused products, and no call of a library."""

import re

import numpy as np
import pytest
from llvmlite import binding
from numba import njit, typeof

from rnncc.functions import VOCABULARY
from rnncc.runtime.simd import lanes, load, store
from tests.simd.every_function import NAMES, kernel

DTYPES = [np.float32, np.float64]
CALL = re.compile(r"^\s(call|bl|blr)", re.MULTILINE)
FEATURES = binding.get_host_cpu_features()
SCALAR_ARITHMETIC = re.compile(r"\sv(fn?m(add|sub)\d+|mul|add|sub|div)s[sd]\s")


def compiled(kernel, *arguments):
    """Machine code of the kernel proper, without the wrappers that Python calls."""
    kernel(*arguments)
    assembly = kernel.inspect_asm(tuple(map(typeof, arguments)))
    own = re.search(r"^_ZN[^\n]*kernel[^\n]*:\n(.*?)^\.Lfunc_end", assembly, re.DOTALL | re.MULTILINE)
    assert own, "the kernel is missing from its own assembly"
    return own.group(1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_function_calls_a_library(dtype):
    assert set(NAMES) == {name for name, function in VOCABULARY.items() if function.nargs == {1}}
    code = compiled(kernel, np.zeros(64, dtype), np.zeros((len(NAMES), 64), dtype))
    assert not CALL.search(code)


@pytest.mark.skipif(not FEATURES.get("fma"), reason="this processor has no FMA instructions of x86")
@pytest.mark.parametrize(("dtype", "suffix"), [(np.float32, "ps"), (np.float64, "pd")])
def test_a_gate_is_fused_vector_code(dtype, suffix):
    @njit(error_model="numpy")
    def gate_kernel(f, c, i, g, y):
        for row in range(y.shape[0]):
            for u in range(0, y.shape[1], lanes(y)):
                store(load(f, row, u) * load(c, row, u) + load(i, row, u) * load(g, row, u), y, row, u)

    code = compiled(gate_kernel, *np.zeros((5, 4, 64), dtype))
    assert len(re.findall(rf"vfmadd\d+{suffix}\s", code)) == len(re.findall(rf"vmul{suffix}\s", code)) > 0
    assert f"vadd{suffix}" not in code
    assert not SCALAR_ARITHMETIC.search(code)
    assert not CALL.search(code)
