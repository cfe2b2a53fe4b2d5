"""Processes that compile one cell at once, and one that finds every file of the cache cut off."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
import numpy as np
import rnncc

layer = rnncc.RNN("elman", 3, 5, dtype="float64", seed=1)
x = np.random.default_rng(0).standard_normal((4, 2, 3))
y, _ = layer(x)
h = np.zeros((2, 5))
for t in range(4):
    h = np.tanh(x[t] @ layer.params["l0.W"].T + h @ layer.params["l0.U"].T + layer.params["l0.b"])
    np.testing.assert_allclose(y[t], h, rtol=1e-12)
np.save(sys.stdout.buffer, y)
"""


def start(cache: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    environment = os.environ | {"RNNCC_CACHE_DIR": str(cache)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def printed(process: "subprocess.Popen[bytes]") -> bytes:
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, b"")
    return output


def test_two_compile_at_once_and_a_third_finds_the_cache_cut_off(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first, second = (printed(p) for p in [start(cache), start(cache)])
    assert first == second
    files = [f for f in cache.rglob("*") if f.suffix in (".py", ".nbi", ".nbc")]
    assert {f.suffix for f in files} == {".py", ".nbi", ".nbc"}
    for file in files:
        os.truncate(file, file.stat().st_size // 2)
    assert printed(start(cache)) == first
