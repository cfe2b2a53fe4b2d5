"""Instructions of a whole warp: numbers that its lanes exchange, and `mma.sync`, with the fragments that the PTX ISA lays out."""

from collections.abc import Callable

import numpy as np

from rnncc.runtime.cuda.constants import LANES
from tests.cuda.ptx.fault import Fault
from tests.cuda.ptx.parse import Instruction
from tests.cuda.ptx.registers import Registers

_ALL = 0xFFFFFFFF
_G, _T = np.divmod(np.arange(LANES), 4)
"""groupID and threadID_in_group of each lane."""
_SUMS = [(_G + 8 * (i // 2), 2 * _T + i % 2) for i in range(4)]
"""Row and column of each number of a fragment of C or D, of 16 rows and 8 columns."""

Run = Callable[[np.ndarray], None]
"""What is done for some threads."""


def shuffle(instruction: Instruction, registers: Registers) -> Run:
    """`shfl.sync.bfly.b32`: each lane has the number of the one whose own number differs in the bits of the third operand."""
    target, value, bits, clamp, members = instruction.operands
    if int(clamp, 0) != LANES - 1 or int(members, 0) != _ALL:
        raise Fault("lanes exchange numbers within a part of the warp")
    made, given = registers.target(target, "b32"), registers.source(value, "b32")
    distance = registers.source(bits, "u32")

    def run(who: np.ndarray) -> None:
        lanes = who.reshape(-1, LANES)
        others = lanes % LANES ^ distance[lanes]
        made[who] = given[lanes - lanes % LANES + others].ravel()

    return run


def multiply(instruction: Instruction, registers: Registers) -> Run:
    """`mma.sync`, m16n8k8 of TF32 or m16n8k16 of bfloat16, added in float64 and rounded once."""
    rows, columns, depth, fragments = _FORMS[instruction.name]
    d, a, b, c = (operand.strip("{}").split(", ") for operand in instruction.operands)
    made = [registers.target(name, "f32") for name in d]
    left, right = ([registers.source(name, "b32") for name in names] for names in (a, b))
    sums = [registers.source(name, "f32") for name in c]

    def run(who: np.ndarray) -> None:
        lanes = who.reshape(-1, LANES)
        one, other = np.empty((len(lanes), 16, depth)), np.empty((len(lanes), depth, 8))
        found = np.empty((len(lanes), 16, 8))
        for word, (row, at) in zip(left, rows, strict=True):
            one[:, row[:, None], at] = fragments(word[lanes])
        for word, at in zip(right, columns, strict=True):
            other[:, at, _G[:, None]] = fragments(word[lanes])
        for number, (row, column) in zip(sums, _SUMS, strict=True):
            found[:, row, column] = number[lanes]
        found = (found + one @ other).astype(np.float32)
        for register, (row, column) in zip(made, _SUMS, strict=True):
            register[who] = found[:, row, column].ravel()

    return run


def _of_tf32(words: np.ndarray) -> np.ndarray:
    """The tensor cores do not look at the last 13 bits."""
    return (words & np.uint32(0xFFFFE000)).view(np.float32)[..., None]


def _of_bf16(words: np.ndarray) -> np.ndarray:
    """The lower half of a word comes first."""
    return np.stack([words << np.uint32(16), words & np.uint32(0xFFFF0000)], axis=-1).view(np.float32)


_TF32_A = [(_G + 8 * (i % 2), _T[:, None] + 4 * (i // 2)) for i in range(4)]
_TF32_B = [_T[:, None] + 4 * i for i in range(2)]
_PAIR = 2 * _T[:, None] + np.arange(2)
_BF16_A = [(_G + 8 * (i % 2), _PAIR + 8 * (i // 2)) for i in range(4)]
_BF16_B = [_PAIR + 8 * i for i in range(2)]
_FORMS = {
    "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32": (_TF32_A, _TF32_B, 8, _of_tf32),
    "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32": (_BF16_A, _BF16_B, 16, _of_bf16),
}
"""Name -> where the words of A and B lie, by row and columns, the depth, and the numbers of a word."""
WARP = {"shfl.sync.bfly.b32": shuffle, **dict.fromkeys(_FORMS, multiply)}
