"""Which calls are worth a replay, and how many threads one: pure functions of shapes, with what was measured on one machine.

A replay saves what Python takes around a call, and copies what goes in and out. Its threads share every line of the record; where rows
are too few for a tile each, they share units and meet in every phase of a step.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from rnncc.runtime.simd.isa import ISA

_INFERENCE, _TRAINING = 20_000, 8_000
"""Weights times rows that a thread gets through in a microsecond, forward alone and with gradients."""
_HAND_OVER = 10
"""Microseconds from the caller to the team and back."""
_MEETING, _EXCHANGED = 0.2, 0.15
"""Microseconds that threads who share units lose in a step, and for each row of it that they read of each other."""
_LOOPS = 3
"""As many are met in with gradients: forward, and twice in a step back."""
_SHARED = 0.9
"""Of two threads' time what does not go into uneven shares."""
_WAKING = 143
"""Microseconds until a sleeping thread has come."""


@dataclass(frozen=True)
class Cost:
    """What a call costs, by its shape.

    Parameters
    ----------
    steps, rows
        T and N.
    row_work
        Weights that a row meets in a step, functions included (`Geometry.row_work`).
    copied
        Bytes of a row that go in and out in a step.
    training
        Whether gradients are computed.
    """

    steps: int
    rows: int
    row_work: int
    copied: int
    training: bool

    @cached_property
    def alone(self) -> float:
        """Microseconds by one thread."""
        return self.steps * self.rows * self.row_work / (_TRAINING if self.training else _INFERENCE)

    def worth_replaying(self) -> bool:
        """Whether what Python takes is more than a few percent, and more than what copying takes."""
        most, bytes_ = (60_000, 8 << 20) if self.training else (4_000, 3 << 17)
        return 0 < self.alone <= most and self.steps * self.rows * self.copied <= bytes_

    def threads(self, most: int) -> int:
        """How many threads are soonest done: one, or as many as there are, `most`, and rows or steps to share."""
        meeting = (_MEETING + _EXCHANGED * self.rows) * self.steps if self.rows < ISA.short * most else 0
        shares = self.rows // ISA.tall if self.steps == 1 else most
        count = max(1, min(most, shares))
        together = self.alone / count / _SHARED + (_HAND_OVER + meeting) * (_LOOPS if self.training else 1)
        return count if together < self.alone else 1

    def waits(self, threads: int) -> bool:
        """Whether a team of so many had better wait for a thread that sleeps than leave all to the caller."""
        return self.alone * (1 - 1 / threads) > _WAKING


@lru_cache(maxsize=256)
def cost_at(steps: int, rows: int, row_work: int, copied: int, training: bool) -> Cost:
    """The `Cost` of this shape: every call asks for that of its own."""
    return Cost(steps, rows, row_work, copied, training)
