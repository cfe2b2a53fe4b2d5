"""Accesses of the same memory by different threads that nothing puts in an order.

A machine that runs threads in one order hides what another order would do. So each number in memory has who wrote it last, and who has
read it since; an access that does not come after those, by what PTX promises, is a fault. What comes before what is counted in *eras*:
those of a block, from one `bar.sync` to the next, and those of a warp, from one `bar.warp.sync` to the next. A block knows of the eras
of others by what it has acquired from the counters on which they released.
"""

import numpy as np

from rnncc.runtime.cuda.constants import LANES, THREADS, WARPS
from tests.cuda.ptx.fault import Fault

_NOBODY, _SEVERAL = -1, -2


class Order:
    """What each block and warp of a grid knows to be over."""

    def __init__(self, blocks: int, cluster: int) -> None:
        self._cluster, self._arrived = cluster, np.zeros(blocks * THREADS, bool)
        self.known = np.zeros((blocks, blocks), np.int64)
        """By block and other block: the eras of the other before this one are over. The block's own era is on the diagonal."""
        self.warps = np.zeros(blocks * WARPS, np.int64)
        """The era of each warp."""
        self._acquired = np.zeros_like(self.known)
        self._released: dict[int, np.ndarray] = {}

    def block_met(self, who: np.ndarray) -> None:
        """All threads of these threads' blocks have met; from here on all know what one of them has acquired."""
        blocks = np.unique(who // THREADS)
        self.known[blocks] = np.maximum(self.known[blocks], self._acquired[blocks])
        self.known[blocks, blocks] += 1

    def warp_met(self, who: np.ndarray) -> None:
        self.warps[np.unique(who // LANES)] += 1

    def arrive(self, who: np.ndarray) -> None:
        """These threads wait for those of their cluster next."""
        self._arrived[who] = True

    def cluster_met(self, who: np.ndarray) -> None:
        """All threads of a cluster have met, one or several clusters; whether each had said that it would."""
        blocks = np.unique(who // THREADS).reshape(-1, self._cluster)
        self.known[blocks, blocks] += 1
        self.known[blocks] = self.known[blocks].max(axis=1, keepdims=True)
        if not self._arrived[who].all():
            raise Fault("threads wait for their cluster that have not arrived")
        self._arrived[who] = False

    def release(self, thread: int, address: int) -> None:
        known = self.known[thread // THREADS]
        self._released[address] = np.maximum(self._released.get(address, 0), known)

    def acquire(self, thread: int, address: int) -> None:
        block = thread // THREADS
        self._acquired[block] = np.maximum(self._acquired[block], self._released.get(address, 0))

    def over(self, warp: np.ndarray, lanes: np.ndarray, era: np.ndarray, warp_era: np.ndarray, who: np.ndarray) -> np.ndarray:
        """Whether what some lanes of a warp did in an era of their block, and of the warp, is over for the threads `who`."""
        own = warp == who // LANES
        by_itself = lanes >> who % LANES & 1 == 1
        return own & (by_itself | (warp_era < self.warps[who // LANES])) | (era < self.known[who // THREADS, warp // WARPS])


class Trace:
    """Who wrote and read each number of an array: a warp, and which of its lanes, a bit each.

    Of reads those of each block in its last era are kept.
    """

    def __init__(self, order: Order, numbers: int) -> None:
        blocks = len(order.known)
        self._order = order
        self._writer, self._written, self._written_warp = np.full(numbers, _NOBODY), *np.zeros((2, numbers), np.int64)
        self._writing = np.zeros(numbers, np.int64)
        self._reader, self._read, self._read_warp = np.full((3, numbers, blocks), _NOBODY)
        self._reading = np.zeros((numbers, blocks), np.int64)

    def read(self, who: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Note that the threads `who` read these numbers; whether each may."""
        block, warp = who // THREADS, who // LANES
        era, warp_era, at = self._order.known[block, block], self._order.warps[warp], (numbers, block)
        anew = (self._read[at] != era) | ((self._reader[at] == warp) & (self._read_warp[at] != warp_era))
        first = numbers[anew], block[anew]
        self._reader[first], self._reading[first] = warp[anew], 0
        other = self._reader[at] != warp
        self._reader[numbers[other], block[other]] = _SEVERAL
        np.bitwise_or.at(self._reading, at, 1 << who % LANES)
        self._read[at], self._read_warp[at] = era, warp_era
        return self._after_writes(who, numbers)

    def write(self, who: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Note that the threads `who` write these numbers; whether each may. Lanes may write the same to one place at once."""
        block, warp = who // THREADS, who // LANES
        fine = self._after_writes(who, numbers) & self._after_reads(who, numbers)
        self._writer[numbers], self._writing[numbers] = warp, 0
        np.bitwise_or.at(self._writing, numbers, 1 << who % LANES)
        self._written[numbers], self._written_warp[numbers] = self._order.known[block, block], self._order.warps[warp]
        return fine & (self._writer[numbers] == warp)

    def others(self, number: int) -> str:
        """Who else accessed a number."""
        readers = sorted({int(r) for r in self._reader[number]} - {_NOBODY})
        return f"warp {self._writer[number]}, which wrote it, or with warps {readers}, which read it ({_SEVERAL}: several of a block)"

    def _after_writes(self, who: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        writer = self._writer[numbers]
        over = self._order.over(writer, self._writing[numbers], self._written[numbers], self._written_warp[numbers], who)
        return (writer == _NOBODY) | over

    def _after_reads(self, who: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        block, warp = who // THREADS, who // LANES
        over = self._read[numbers] < self._order.known[block]
        by_itself = self._reading[numbers, block] == 1 << who % LANES
        before = self._read_warp[numbers, block] < self._order.warps[warp]
        over[np.arange(len(who)), block] |= (self._reader[numbers, block] == warp) & (by_itself | before)
        return over.all(axis=1)
