"""Other instruction sets than this machine's own: LLVM splits or narrows the vectors, the results are the same bits."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rnncc.runtime.simd import ISA, lanes_of
from tests.simd.every_function import NAMES, results

ROOT = Path(__file__).parents[2]


def run(arguments, **environment):
    """The finished process of a fresh interpreter."""
    variables = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("name", "lanes"), [("avx512", 16), ("avx2", 8), ("portable", 4)])
def test_every_width_gives_the_same_bits(name, lanes, tmp_path):
    if name == ISA.name:
        assert lanes_of(np.float32) == lanes
        return
    done = run(["-m", "tests.simd.every_function", str(tmp_path / "results.npz")], RNNCC_ISA=name)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "results.npz") as other:
        assert (str(other["isa"]), int(other["lanes"])) == (name, lanes)
        for dtype in ("float32", "float64"):
            for function, theirs, own in zip(NAMES, other[dtype], results(dtype), strict=True):
                np.testing.assert_array_equal(theirs, own, err_msg=f"{function} in {dtype}")


def test_an_unknown_instruction_set_is_an_error():
    done = run(["-c", "import rnncc.runtime.simd"], RNNCC_ISA="sse9")
    assert done.returncode != 0
    assert "RNNCC_ISA=sse9: no such instruction set" in done.stderr
