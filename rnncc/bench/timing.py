"""How contenders are timed: in short blocks in turn, each after a rest, and the best block's median counts.

In strict alternation the threads of one library, which go on spinning after a call, slow the next up to threefold. So each contender
rests until the others' threads sleep, warms up, and then runs a block alone.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

FEWEST = 3
"""Calls of a block, however long one takes."""
WARM = 0.2
"""Part of a block's time that goes by before anything counts."""

Call = Callable[[], object]


@dataclass(frozen=True)
class Plan:
    """How long to measure: `blocks` for each contender, each of about `seconds` after `rest` seconds of silence."""

    blocks: int = 5
    seconds: float = 0.3
    rest: float = 0.3

    def lasting(self, contenders: int) -> float:
        """Seconds that so many contenders take, calls being shorter than a block."""
        return self.blocks * contenders * (self.rest + (1 + WARM) * self.seconds)


@dataclass(frozen=True)
class Timing:
    """Seconds a call, the median of each block."""

    medians: tuple[float, ...]

    @property
    def best(self) -> float:
        """The best block's median: what disturbs a machine only ever adds."""
        return min(self.medians)


@dataclass(frozen=True)
class Stopwatch:
    """Where time comes from, and how it is let go by."""

    clock: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], object] = time.sleep

    def measure(self, contenders: Mapping[str, Call], plan: Plan, after_block: Call = lambda: None) -> dict[str, Timing]:
        """The time of each contender by name; `after_block` is called once a block."""
        medians: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(plan.blocks):
            for name, call in contenders.items():
                self.sleep(plan.rest)
                medians[name].append(self._block(call, plan.seconds))
                after_block()
        return {name: Timing(tuple(found)) for name, found in medians.items()}

    def once(self, call: Callable[[], object]) -> float:
        """Seconds that one call takes."""
        start = self.clock()
        call()
        return self.clock() - start

    def _block(self, call: Call, seconds: float) -> float:
        warm = self.clock() + WARM * seconds
        call()
        while self.clock() < warm:
            call()
        end = self.clock() + seconds
        times: list[float] = []
        while len(times) < FEWEST or self.clock() < end:
            times.append(self.once(call))
        return median(times)
