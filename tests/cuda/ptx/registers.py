"""Registers of all threads of a grid: each is an array, a number a thread."""

import re

import numpy as np

from rnncc.runtime.cuda.constants import THREADS
from tests.cuda.ptx.arithmetic import KINDS
from tests.cuda.ptx.fault import Fault

_REGISTER = re.compile(r"(%[a-z]+)\d+$")
_FLOAT = re.compile(r"0[fFdD]([0-9a-fA-F]+)$")
SHARED_MEMORY = "shared_memory"


class Registers:
    """What operands name.

    Parameters
    ----------
    types
        What names begin with -> type.
    """

    def __init__(self, types: dict[str, str], blocks: int, shared: int) -> None:
        self.threads = blocks * THREADS
        self._types, self._made = types, {}
        number = np.arange(self.threads, dtype=np.uint32)
        self._special = {
            "%tid.x": number % THREADS,
            "%ctaid.x": number // THREADS,
            "%ntid.x": np.full_like(number, THREADS),
            "%nctaid.x": np.full_like(number, blocks),
            "%dynamic_smem_size": np.full_like(number, shared),
        }

    def source(self, operand: str, kind: str) -> np.ndarray:
        """The numbers of an operand, (threads,); they are those of a register as it is when they are looked at."""
        dtype = KINDS[kind]
        if operand in self._special:
            return self._special[operand].view(dtype)
        if _REGISTER.match(operand):  # of a longer one the first bytes
            return self._register(operand).view(dtype).reshape(self.threads, -1)[:, 0]
        return np.broadcast_to(_constant(operand, dtype), self.threads)

    def target(self, operand: str, kind: str) -> np.ndarray:
        """A register to be written, (threads,); one longer than numbers of `kind` is filled with their sign, or with zeros."""
        register, dtype = self._register(operand), KINDS[kind]
        if register.itemsize > dtype.itemsize:
            return register.view(f"{'i' if dtype.kind == 'i' else 'u'}{register.itemsize}")
        return register.view(dtype)

    def _register(self, name: str) -> np.ndarray:
        """Of any content at first."""
        if name not in self._made:
            dtype = KINDS[self._types[_REGISTER.match(name)[1]]]
            self._made[name] = np.full(self.threads * dtype.itemsize, 0xFF, np.uint8).view(dtype)
        return self._made[name]


def _constant(text: str, dtype: np.dtype) -> np.ndarray:
    if text == SHARED_MEMORY:
        return np.zeros(1, dtype)
    if found := _FLOAT.match(text):
        return np.array([int(found[1], 16)], f"u{len(found[1]) // 2}").view(dtype)
    try:
        number = int(text.removesuffix("U"), 0)
    except ValueError:
        raise Fault(f"the operand {text} is not known") from None
    if dtype.kind == "b":
        return np.array([number != 0])
    return np.array([number % (1 << 8 * dtype.itemsize)], f"u{dtype.itemsize}").view(dtype)
