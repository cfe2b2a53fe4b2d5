"""What a warp's lane does with a few columns: which of its numbers meets which, written once for every way to multiply.

The columns may be taken in any order, as long as rows and weights agree. A lane reads what lies next to each other, and a fragment of
`mma.sync` takes from that what it needs: below `g` is the lane's number divided by 4, `t` the rest.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from rnncc.runtime.cuda.constants import UNITS

Sums = list[Any]
"""Four numbers an accumulator: of rows g, g, g + 8, g + 8 and units 2 t, 2 t + 1, 2 t, 2 t + 1."""
Weights = Callable[[int], Sequence[Any]]
"""What this lane reads of its unit's row, or of that of the unit so many further on."""


class Machine(Protocol):
    """What numbers can do: instructions of the device, or NumPy in their place."""

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """`a * b + c`, rounded once."""

    def tf32(self, a: Any) -> Any:
        """A float32 rounded to TF32, as a word."""

    def pair(self, low: Any, high: Any) -> Any:
        """Two float32 rounded to bfloat16, in a word."""

    def mma(self, kind: str, sums: Sequence[Any], a: Sequence[Any], b: Sequence[Any]) -> Sequence[Any]:
        """The lane's part of the warp's `mma.sync`, kind "tf32" (m16n8k8) or "bf16" (m16n8k16)."""


def exact(machine: Machine, sums: Sums, rows: Sequence[Any], weights: Weights) -> Sums:
    """Rows and weights in one dtype: every column of rows g and g + 8 meets that of units 2 t and 2 t + 1."""
    columns = len(rows) // 2
    for n in range(0, len(sums), 4):
        for unit in range(2):
            numbers = weights(n // 4 * UNITS + unit)
            for k in range(columns):
                for row in range(2):
                    place = n + 2 * row + unit
                    sums[place] = machine.fma(rows[row * columns + k], numbers[k], sums[place])
    return sums


def tf32(machine: Machine, sums: Sums, rows: Sequence[Any], weights: Weights) -> Sums:
    """Columns 8 t … 8 t + 7 in four steps; step j takes columns 8 t + 2 j and 8 t + 2 j + 1 for t and t + 4 of a fragment."""
    words = [machine.tf32(r) for r in rows]
    first, second = words[:8], words[8:]
    for n in range(0, len(sums), 4):
        numbers = weights(n // 4 * UNITS)
        for k in range(0, 8, 2):
            a = (first[k], second[k], first[k + 1], second[k + 1])
            sums[n : n + 4] = machine.mma("tf32", sums[n : n + 4], a, numbers[k : k + 2])
    return sums


def bf16(machine: Machine, sums: Sums, rows: Sequence[Any], weights: Weights) -> Sums:
    """Columns 8 t … 8 t + 7 in two steps; step j takes the pairs from 8 t + 4 j and 8 t + 4 j + 2 for 2 t and 2 t + 8 of a fragment."""
    words = [machine.pair(low, high) for low, high in zip(rows[::2], rows[1::2], strict=True)]
    first, second = words[:4], words[4:]
    for n in range(0, len(sums), 4):
        numbers = weights(n // 4 * UNITS)
        for k in range(0, 4, 2):
            a = (first[k], second[k], first[k + 1], second[k + 1])
            sums[n : n + 4] = machine.mma("bf16", sums[n : n + 4], a, numbers[k : k + 2])
    return sums
