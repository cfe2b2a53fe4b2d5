"""From an instruction to what it does with the registers of some threads."""

import re
from collections.abc import Callable

import numpy as np

from tests.cuda.ptx.arithmetic import KINDS, operation
from tests.cuda.ptx.fault import Fault
from tests.cuda.ptx.memory import Memory
from tests.cuda.ptx.parse import Instruction
from tests.cuda.ptx.races import Order
from tests.cuda.ptx.registers import Registers
from tests.cuda.ptx.together import WARP

_PLACE = re.compile(r"\[(%?\w+)(?:\+(-?\d+))?\]$")
_MEETINGS = {
    "bar.sync": Order.block_met,
    "bar.warp.sync": Order.warp_met,
    "barrier.cluster.arrive.release": Order.arrive,
    "barrier.cluster.wait.acquire": Order.cluster_met,
}
_BITS = {"b32": "b16", "b64": "b32"}
Run = Callable[[np.ndarray, np.ndarray | slice], None]
"""What is done for some threads: their numbers, and an index of them, a slice where they are neighbours."""


def decode(instruction: Instruction, registers: Registers, memory: Memory, parameters: dict[str, np.ndarray]) -> Run:
    """What an instruction does that is no branch.

    Raises
    ------
    Fault
        It is not known.
    """
    what, *modifiers = instruction.name.split(".")
    if instruction.name in WARP:
        run = WARP[instruction.name](instruction, registers)
        return lambda who, _at: run(who)
    if instruction.name in _MEETINGS:
        met = _MEETINGS[instruction.name]
        return lambda who, _at: met(memory.order, who)
    if what == "ret":
        return lambda _who, _at: None
    if what in ("ld", "st", "atom"):
        return _access(instruction, what, modifiers, registers, memory, parameters)
    if what == "mov" and "{" in "".join(instruction.operands):
        return _pack(instruction, modifiers[0], registers)
    return _compute(instruction, registers)


def _compute(instruction: Instruction, registers: Registers) -> Run:
    try:
        known = operation(instruction.name)
    except KeyError:
        raise Fault("the instruction is not known") from None
    target = registers.target(instruction.operands[0], known.result)
    sources = [registers.source(o, kind) for o, kind in zip(instruction.operands[1:], known.operands, strict=True)]

    def run(_who: np.ndarray, at: np.ndarray | slice) -> None:
        target[at] = known.function(*(source[at] for source in sources))

    return run


def _pack(instruction: Instruction, kind: str, registers: Registers) -> Run:
    """Halves of a register are put together or taken apart; the first is the lower one."""
    target, source = instruction.operands
    half, packed = _BITS[kind], source.startswith("{")
    whole = registers.target(target, kind) if packed else registers.source(source, kind)
    words = whole.view(KINDS[half]).reshape(registers.threads, 2)
    halves = [(registers.source if packed else registers.target)(name, half) for name in _vector(source if packed else target)]

    def run(_who: np.ndarray, at: np.ndarray | slice) -> None:
        for k, number in enumerate(halves):
            if packed:
                words[at, k] = number[at]
            else:
                number[at] = words[at, k]

    return run


def _vector(operand: str) -> list[str]:
    return re.split(r",\s*", operand.strip("{}"))


def _access(
    instruction: Instruction, what: str, modifiers: list[str], registers: Registers, memory: Memory, parameters: dict[str, np.ndarray]
) -> Run:
    """Memory is read, written, or added to."""
    space, count, kind = _form(what, modifiers)
    operands = instruction.operands if what != "st" else instruction.operands[::-1]
    base, offset = _PLACE.match(operands[1]).groups()
    if space == "param":
        target, value = registers.target(operands[0], kind), parameters[base]
        return lambda _who, at: np.copyto(target[at], value) if isinstance(at, slice) else target.__setitem__(at, value)
    pointer, beyond = registers.source(base, "u64"), np.uint64(int(offset or 0) % 2**64)
    if what == "st":
        given = [registers.source(name, kind) for name in _vector(operands[0])]
        return lambda who, at: memory.store(space, who, pointer[at] + beyond, [value[at] for value in given])
    targets = [registers.target(name, kind) for name in _vector(operands[0])]
    if what == "atom":
        term = registers.source(operands[2], kind)
        return lambda who, at: targets[0].__setitem__(at, memory.add(who, pointer[at] + beyond, term[at]))
    if space == "counter":
        return lambda who, at: targets[0].__setitem__(at, memory.acquire(who, pointer[at] + beyond, KINDS[kind]))

    def load(who: np.ndarray, at: np.ndarray | slice) -> None:
        for target, found in zip(targets, memory.load(space, who, pointer[at] + beyond, KINDS[kind], count), strict=True):
            target[at] = found

    return load


def _form(what: str, modifiers: list[str]) -> tuple[str, int, str]:
    """Which memory is accessed, how many numbers, and their type."""
    match what, modifiers:
        case "ld" | "st", [("param" | "shared" | "global") as space, "v2" | "v4" as vector, kind]:
            return space, int(vector[1]), kind
        case "ld" | "st", [("param" | "shared" | "global") as space, kind]:
            return space, 1, kind
        case ("ld", ["acquire", "gpu", kind]) | ("atom", ["add", "release", "gpu", kind]):
            return "counter", 1, kind
    raise Fault("the instruction is not known")
