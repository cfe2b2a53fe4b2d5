"""Every kernel of every cell for a device, without one: PTX is built, assembled for both architectures, and read."""

import inspect
import re

import numpy as np
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


@pytest.mark.parametrize(("panel", "mma"), [(np.uint16, "m16n8k16.row.col.f32.bf16"), (np.uint32, "m16n8k8.row.col.f32.tf32")])
@pytest.mark.parametrize("kernel", ["forward", "backward"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_training_by_tensor_cores(cell, kernel, panel, mma):
    """The time loops with packed weights of bfloat16 or TF32, with the former residuals of bfloat16."""
    made = compile_cell(cell)
    residuals = set(re.findall(r"narrowed\(\w+, (\w+)\)", made.cuda_source)) if panel == np.uint16 else set()
    loops = [(k, given) for k, given in launches(made, kernel, "float32") if k.py_func.__name__.endswith("_loop")]
    assert loops
    for loop, given in loops:
        named = list(zip(inspect.signature(loop.py_func).parameters, given, strict=True))
        arguments = [np.zeros_like(a, panel) if name.startswith("panel_") or name in residuals else a for name, a in named]
        code = ptx(loop, "float32", arguments)
        assert mma in code
        rounded = residuals.intersection(name for name, _ in named) if kernel == "forward" else set()
        assert code.count("cvt.rn.bf16.f32") == len(rounded)
        assert ".f64" not in code
        made_of = assembled(code, ARCHITECTURES[-1])
        assert made_of.registers <= MOST
        assert max(made_of.stores, made_of.loads, made_of.stack) == 0


@pytest.mark.parametrize("kernel", ["forward", "backward"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_training_in_clusters(cell, kernel):
    """The time loops meet as often as by counters, and need no more than a thread has."""
    made = compile_cell(cell)
    (loop, given), *more = [(k, given) for k, given in launches(made, kernel, "float32") if k.py_func.__name__.endswith("_loop")]
    assert not more
    code = ptx(loop, "float32", given, "sm_90", clustered=True)
    (text,) = (text for text in made.cuda_source.split("@kernel\n") if text.startswith(f"def {kernel}_loop("))
    meetings = text.count("meeting = barrier(")
    assert meetings
    assert [code.count(f"barrier.cluster.{what};") for what in ("arrive.release", "wait.acquire")] == [meetings] * 2
    assert "atom." not in code
    made_of = assembled(code, "sm_90")
    assert made_of.registers <= MOST
    assert max(made_of.stores, made_of.loads, made_of.stack) == 0


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
