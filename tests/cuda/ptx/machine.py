"""The threads of a grid, in step: those that have to run the same instructions next do so together.

Of all threads that can go on those run whose next instruction comes first in the text, which brings together again what a branch
took apart. Threads of a warp, or of a block, wait for each other where an instruction is for all of them. Who has looked at a
counter of other blocks waits until nobody else can go on. This is one order of many, blocks in turn another; what a kernel
may not rely on in either is looked for by `tests.cuda.ptx.races`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rnncc.runtime.cuda.constants import LANES, THREADS
from rnncc.runtime.cuda.start import Grid
from tests.cuda.ptx.decode import Run, decode
from tests.cuda.ptx.fault import Fault
from tests.cuda.ptx.memory import Memory
from tests.cuda.ptx.parse import Instruction, Program
from tests.cuda.ptx.registers import Registers

_READY, _WAITING, _PARKED, _DONE = range(4)
_SCOPES = {"bar.sync": THREADS, "bar.warp.sync": LANES, "shfl": LANES, "mma": LANES, "barrier.cluster.wait": 0}
"""How an instruction for all threads of a warp, a block or a cluster begins, and how many these are; of a cluster the grid says it."""


@dataclass(frozen=True)
class _Stretch:
    """Instructions that run one after the other, by threads of which none joins or leaves in between.

    Attributes
    ----------
    scope
        Of how many neighbouring threads all have to be here; 0: of a cluster.
    leave
        (threads) to the number of the instruction that each goes on with, below 0 where it ends.
    """

    instructions: tuple[Instruction, ...]
    runs: tuple[Run, ...]
    scope: int
    leave: Callable[[np.ndarray], np.ndarray | int]
    parks: bool


class Machine:
    """A launch of `program`; with `in_turn` a block goes on alone, until it has to wait, and then the next."""

    def __init__(self, program: Program, grid: Grid, memory: Memory, parameters: dict[str, np.ndarray], in_turn: bool) -> None:
        self._in_turn, self._cluster = in_turn, grid.cluster * THREADS
        self._program, self._memory, self._parameters = program, memory, parameters
        self._registers = Registers(program.registers, grid.blocks, grid.shared)
        self._at = np.zeros(grid.blocks * THREADS, np.int64)
        self._state = np.full(grid.blocks * THREADS, _READY)
        starts = sorted(_starts(program))
        self._stretches = {start: self._stretch(start, stop) for start, stop in zip(starts, [*starts[1:], None], strict=True)}

    def run(self) -> None:
        """Until all threads have ended.

        Raises
        ------
        Fault
            Named with the instruction that it happened at.
        """
        with np.errstate(all="ignore"):
            while (self._state != _DONE).any():
                ready = np.flatnonzero(self._state == _READY)
                if len(ready):
                    ready = ready[ready // THREADS == ready[0] // THREADS] if self._in_turn else ready
                    places = self._at[ready]
                    first = int(places.min())
                    self._advance(self._stretches[first], ready[places == first])
                else:
                    self._wake()

    def _wake(self) -> None:
        parked = self._state == _PARKED
        if not parked.any():
            held = {str(self._program.instructions[at]) for at in np.unique(self._at[self._state == _WAITING])}
            raise Fault(f"threads wait for others that never come, at {'; '.join(sorted(held))}")
        self._state[parked] = _READY

    def _advance(self, stretch: _Stretch, who: np.ndarray) -> None:
        who = who if stretch.scope == 1 else self._gathered(stretch.scope or self._cluster, who)
        if not len(who):
            return
        at = slice(who[0], who[-1] + 1) if who[-1] - who[0] == len(who) - 1 else who
        for instruction, run in zip(stretch.instructions, stretch.runs, strict=True):
            try:
                run(who, at)
            except (Fault, ArithmeticError) as fault:
                raise Fault(f"{instruction}: {fault}") from fault
        following = stretch.leave(who)
        self._at[at] = following
        self._state[at] = np.where(np.asarray(following) < 0, _DONE, _PARKED if stretch.parks else _READY)

    def _gathered(self, scope: int, who: np.ndarray) -> np.ndarray:
        """Those of whose group all threads that have not ended have come here by now; the others wait."""
        here = self._at[who[0]]
        self._state[who] = _WAITING
        members = np.unique(who // scope)[:, None] * scope + np.arange(scope)
        waits = (self._state[members] == _WAITING) & (self._at[members] == here)
        ended = (self._state[members] == _DONE) & (scope != LANES)
        complete = (waits | ended).all(axis=1)
        return members[complete][waits[complete]]

    def _stretch(self, start: int, stop: int | None) -> _Stretch:
        instructions = self._program.instructions[start:stop]
        last, following = instructions[-1], start + len(instructions)
        leave = self._leaving(last, following)
        instructions = instructions[:-1] if last.name.startswith("bra") else instructions
        return _Stretch(instructions, tuple(map(self._decoded, instructions)), _scope(last), leave, _looks(last))

    def _decoded(self, instruction: Instruction) -> Run:
        if instruction.guard:
            raise Fault(f"{instruction}: no branch, and for some threads alone")
        try:
            return decode(instruction, self._registers, self._memory, self._parameters)
        except Fault as fault:
            raise Fault(f"{instruction}: {fault}") from fault

    def _leaving(self, last: Instruction, following: int) -> Callable[[np.ndarray], np.ndarray | int]:
        if last.name == "ret":
            return lambda _who: -1
        return self._branch(last, following) if last.name.startswith("bra") else lambda _who: following

    def _branch(self, instruction: Instruction, following: int) -> Callable[[np.ndarray], np.ndarray | int]:
        label = self._program.labels[instruction.operands[0]]
        if instruction.guard is None:
            return lambda _who: label
        register, value = instruction.guard
        predicate = self._registers.source(register, "pred")
        return lambda who: np.where(predicate[who] == value, label, following)


def _scope(instruction: Instruction) -> int:
    return next((size for name, size in _SCOPES.items() if instruction.name.startswith(name)), 1)


def _looks(instruction: Instruction) -> bool:
    return instruction.name.startswith("ld.acquire")


def _starts(program: Program) -> set[int]:
    """The numbers of the instructions that stretches begin with: an instruction for several threads is one of its own."""
    found = {0, *program.labels.values()}
    for number, instruction in enumerate(program.instructions):
        alone = _scope(instruction) != 1
        if alone:
            found.add(number)
        if alone or instruction.name.startswith(("bra", "ret")) or _looks(instruction):
            found.add(number + 1)
    return found - {len(program.instructions)}
