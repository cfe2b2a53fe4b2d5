"""Kernels for instruction sets other than this machine's: LLVM splits vectors that are too wide."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(("isa", "cell", "widths"), [("avx512", "lstm", ("8", "16")), ("portable", "gru", ("2", "4"))])
def test_a_cell_for_another_instruction_set(isa, cell, widths):
    environment = {**os.environ, "RNNCC_ISA": isa, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-m", "tests.emit.isa_check", cell, *widths]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.pairs(False)
def test_pairs_of_bfloat16_where_the_instruction_is_written_out():
    simulated = "emit/test_cpu_simulated.py::test_weights_in_bfloat16_are_unpacked"
    files = ("simd/test_product.py", "runtime/test_bfloat16.py", simulated, "layers/test_weight_dtype.py")
    chosen = [f"tests/{name}" for name in files]
    environment = {**os.environ, "RNNCC_ISA": "avx512bf16", "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "pairs or bfloat16 or a_step or threads or stream",
        *chosen,
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 20
