"""Kernels for instruction sets other than this machine's: LLVM splits vectors that are too wide."""

import os
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
