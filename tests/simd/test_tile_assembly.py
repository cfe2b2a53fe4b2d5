"""The loops of the register tile for processors with AVX-512, read in the assembly: which need not be this machine's."""

import platform
import re

import pytest

from rnncc.runtime.simd.isa import choose
from tests.simd.test_widths import run

TARGETS = [
    ("skylake-avx512", "avx512", "float32", "vfmadd231ps"),
    ("znver4", "avx512bf16", "bfloat16", "vdpbf16ps"),
    ("cooperlake", "avx512bf16", "bfloat16", "vdpbf16ps"),
]
FEATURES = {"avx512": "+avx512f,+avx512dq,+avx512bw,+avx512vl", "avx512bf16": "+avx512bf16"}


def loops(assembly, instruction):
    """The innermost loops with `instruction`, as lists of (mnemonic, operands)."""
    lines = [line.strip() for line in assembly.splitlines()]
    at = {line.partition(":")[0]: k for k, line in enumerate(lines) if re.match(r"\.LBB\w+:", line)}
    jumps = [(at[line.split()[1]], k) for k, line in enumerate(lines) if re.match(r"j\w+\s+\.LBB", line)]
    back = [(first, last) for first, last in jumps if first < last]
    inner = [(a, b) for a, b in back if not any((a, b) != (c, d) and a <= c and d <= b for c, d in back)]
    bodies = [[tuple(line.split(None, 1)) for line in lines[a:b] if line and line[0] not in ".#"] for a, b in inner]
    return [body for body in bodies if any(words[0] == instruction for words in body)]


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="LLVM serves processors of x86 on such a machine")
@pytest.mark.parametrize(("cpu", "isa", "panel", "multiply"), TARGETS)
def test_sums_stay_in_registers(cpu, isa, panel, multiply):
    target = {"RNNCC_ISA": isa, "NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": FEATURES[isa]}
    done = run(["-m", "tests.simd.tile_assembly", panel], **target)
    assert done.returncode == 0, done.stderr
    framed = re.search(r"movq\s+%rsp, %rbp", done.stdout)  # else %rbp is a register like any other
    stack = ("(%rsp", "(%rbp") if framed else ("(%rsp",)
    found, tile = set(), choose({}, isa)
    for body in loops(done.stdout, multiply):
        multiplies = [words[1] for words in body if words[0] == multiply]
        sums = {operands.rpartition("%zmm")[2] for operands in multiplies}
        rounds = len(multiplies) // len(sums)
        assert len(multiplies) == rounds * len(sums)
        rows = sum("broadcast" in words[0] or "{1to" in words[-1] for words in body) / rounds
        vectors = len([w for w in body if "zmm" in w[-1] and "(" in w[-1] and "broadcast" not in w[0] and "{1to" not in w[-1]]) / rounds
        assert rows * vectors == len(sums)
        found.add((rows, vectors))
        assert not any(place in words[-1] for words in body for place in stack)
        assert not any(words[0].startswith(("call", "vcvt")) for words in body)
    assert found == {(rows, vectors) for rows in range(1, tile.tall + 1) for vectors in (1, tile.vectors)}
    assert ("vcvtneps2bf16" in done.stdout) == (multiply == "vdpbf16ps")
