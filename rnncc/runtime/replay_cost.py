"""Which calls are worth a replay, and how many threads one: pure functions of shapes, with what was measured on one machine.

A replay saves what Python takes around a call, and copies what goes in and out. Its threads share every line of the record; where rows
are too few for a tile each, they share units and meet in every phase of a step.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from rnncc.runtime.cached import Cached
from rnncc.runtime.tile import TALL, shares_units

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
_LEAST, _MOST = 12, 32
"""Steps of a segment of time at least, two tiles of one row a step; segments at most."""
_SEGMENT, _SEGMENT_BACK = 5, 3
"""Microseconds that a segment of time of a layer takes beside its steps, and as many more with gradients."""
_IN_STEPS = 0.5
"""Of a layer's time with gradients what goes through time step by step; the rest are sums over time."""
_KEPT, _KEPT_IN_TRAINING = 16 << 20, 8 << 20
"""Bytes that go in and out at most; with gradients about twice as many lie between them."""
_HELD = 1 << 18
"""Weights of a layer that a thread keeps at hand, of its own and of the input; of larger ones it had better have half all the time."""


@dataclass(frozen=True)
class Cost:
    """What a call costs, by its shape.

    Parameters
    ----------
    steps, rows
        T and N.
    row_work
        Weights that a row meets in a step, functions included (`Geometry.row_work`).
    layers
        Of the stack.
    copied
        Bytes of a row that go in and out in a step.
    training
        Whether gradients are computed.
    """

    steps: int
    rows: int
    row_work: int
    layers: int
    copied: int
    training: bool

    @Cached
    def alone(self) -> float:
        """Microseconds by one thread."""
        return self.steps * self.rows * self.row_work / (_TRAINING if self.training else _INFERENCE)

    def worth_replaying(self) -> bool:
        """Whether there is anything to do, with arrays that may be kept until the next time."""
        return self.alone > 0 and self.steps * self.rows * self.copied <= (_KEPT_IN_TRAINING if self.training else _KEPT)

    def threads(self, most: int) -> int:
        """How many threads are soonest done: one, or as many as there are, `most`, and rows or steps to share."""
        shares = self.rows // TALL if self.steps == 1 else most
        count = max(1, min(most, shares))
        return count if min(self._together(count), self._in_waves(count)) < self.alone else 1

    def waves(self, threads: int) -> bool:
        """Whether so many threads are sooner done with layers of their own, at different times, than with a share of each."""
        return self._in_waves(threads) < self._together(threads)

    @property
    def segment(self) -> int:
        """Steps after which the layer above begins."""
        return max(_LEAST, -(-self.steps // _MOST))

    def _together(self, threads: int) -> float:
        """Microseconds where each thread does a share of everything."""
        meeting = (_MEETING + _EXCHANGED * self.rows) * self.steps * self.layers if self._few(threads) else 0
        return self.alone / threads / _SHARED + (_HAND_OVER + meeting) * (_LOOPS if self.training else 1)

    def _few(self, threads: int) -> bool:
        """Whether threads share the units of few rows, and meet in every step."""
        return shares_units(self.rows, threads, self.row_work // self.layers)

    def _in_waves(self, threads: int) -> float:
        """Microseconds where each thread has layers of its own; for ever where that is not done."""
        if self.layers == 1 or threads == 1 or self.steps == 1 or not self._few(threads) or self.row_work > _HELD * self.layers:
            return math.inf
        waves, own = -(-self.steps // self.segment) + self.layers - 1, -(-self.layers // threads)
        in_steps, per_segment = (_IN_STEPS, _SEGMENT + _SEGMENT_BACK) if self.training else (1.0, _SEGMENT)
        longer = 1 - in_steps + in_steps * waves * self.segment / self.steps
        work = self.alone / self.layers * longer + waves * per_segment
        return own * work + _HAND_OVER * (_LOOPS if self.training else 1)

    def waits(self, threads: int) -> bool:
        """Whether a team of so many had better wait for a thread that sleeps than leave all to the caller."""
        return self.alone * (1 - 1 / threads) > _WAKING


@lru_cache(maxsize=256)
def cost_at(steps: int, rows: int, row_work: int, layers: int, copied: int, training: bool) -> Cost:
    """The `Cost` of this shape: every call asks for that of its own."""
    return Cost(steps, rows, row_work, layers, copied, training)
