"""Numba's machine code on disk: taken by the next process, never when damaged, never under another's name."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnncc.errors import CacheWarning
from rnncc.runtime.cache import PREFIX, Cache

SOURCE = '''"""Doubles."""

import numba

from rnncc.runtime.cache_kernels import cached


@cached
@numba.njit(nogil=True, error_model="numpy")
def double(a):
    return a + a
'''

PROCESS = """
import sys, pathlib, numpy
from rnncc.runtime.cache import Cache
module = Cache(pathlib.Path(sys.argv[1])).module("doubling", lambda: sys.argv[2])
for dtype in sys.argv[3:]:
    assert (module.double(numpy.ones(3, dtype)) == numpy.full(3, 2, dtype)).all()
print(sum(module.double.stats.cache_hits.values()))
"""
ROOT = Path(__file__).parents[2]


def start(folder: Path, *dtypes: str, **environment: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PROCESS, str(folder), SOURCE, *dtypes]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, text=True)


def hits(process: "subprocess.Popen[str]") -> int:
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return int(printed)


def doubled(folder: Path) -> object:
    """The kernel loaded afresh in this process."""
    sys.modules.pop(PREFIX + "doubling", None)
    return Cache(folder).module("doubling", lambda: SOURCE).double


def test_the_next_process_compiles_nothing(tmp_path: Path) -> None:
    assert hits(start(tmp_path, "float32")) == 0
    assert hits(start(tmp_path, "float32")) == 1
    assert hits(start(tmp_path, "float32", "float64")) == 1
    assert hits(start(tmp_path, "float32", RNNCC_ISA="portable")) == 0


def test_processes_at_once_end_with_an_entry_each(tmp_path: Path) -> None:
    running = [start(tmp_path, "float32"), start(tmp_path, "float64")]
    assert [hits(p) for p in running] == [0, 0]
    assert hits(start(tmp_path, "float32", "float64")) == 2


DAMAGE = {"cut": lambda b: b[: len(b) // 2], "emptied": lambda b: b"", "changed": lambda b: b[:-9] + bytes([b[-9] ^ 1]) + b[-8:]}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_a_damaged_file_is_compiled_again(tmp_path: Path, suffix: str, damage: Callable[[bytes], bytes]) -> None:
    ones = np.ones(3, np.float32)
    doubled(tmp_path)(ones)
    (file,) = (tmp_path / "__pycache__").glob(f"*.{suffix}")
    file.write_bytes(damage(file.read_bytes()))
    again = doubled(tmp_path)
    assert list(again(ones)) == [2, 2, 2]
    assert not again.stats.cache_hits
    mended = doubled(tmp_path)
    assert list(mended(ones)) == [2, 2, 2]
    assert sum(mended.stats.cache_hits.values()) == 1


def test_an_entry_under_another_signatures_name_is_a_miss(tmp_path: Path) -> None:
    kernel = doubled(tmp_path)
    kernel(np.ones(3, np.float32))
    kernel(np.ones(3, np.float64))
    first, second = sorted((tmp_path / "__pycache__").glob("*.nbc"))
    second.write_bytes(first.read_bytes())
    again = doubled(tmp_path)
    assert again(np.ones(3)).dtype == np.float64
    assert not again.stats.cache_hits


def test_a_full_disk_costs_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = doubled(tmp_path)

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(CacheWarning, match=re.escape("No space left")):
        assert list(kernel(np.ones(3, np.float32))) == [2, 2, 2]
