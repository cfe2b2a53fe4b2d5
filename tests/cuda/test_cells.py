"""Every kernel of every cell for a device, without one: PTX is built, assembled for both architectures, and read."""

import pytest

from rnncc import catalogue
from rnncc.compiler import compile_cell

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed: pip install .[cuda]")
from rnncc.cli.device_code import launches
from rnncc.runtime.cuda.assemble import ARCHITECTURES, assembled, ptx

MOST = 255
"""Registers that a thread of a block of 256 can have."""
BOTH = ("lstm", "gru", "lstm_layernorm", "lru", "mlstm_matrix")
"""Cells whose kernels are assembled for every architecture; the others' for the last, from the same PTX."""
SPILLED = {"lstm_attention": 8}
"""Bytes of a thread, where thirteen phases of a step are more than its registers hold."""


@pytest.mark.parametrize("cell", catalogue.names())
def test_kernels_of_a_cell(cell):
    made = compile_cell(cell)
    found = [launch for kernel in ("inference", "forward", "backward") for launch in launches(made, kernel, "float32")]
    assert found
    for kernel, arguments in found:
        name, code = kernel.py_func.__name__, ptx(kernel, "float32", arguments)
        assert ".f64" not in code, name
        for architecture in ARCHITECTURES if cell in BOTH else ARCHITECTURES[-1:]:
            made_of = assembled(code, architecture)
            assert made_of.registers <= MOST, name
            assert max(made_of.stores, made_of.loads, made_of.stack) <= SPILLED.get(cell, 0), name
