"""How a time loop is shared out on a CUDA device: which blocks share the units of which rows, and what weights stay on the chip.

The batch is cut into parts. The blocks of a part, its owners, share the groups of units of its rows and meet after every phase; a part
of one owner never meets anybody. A few owners can be a cluster of the device, which meets sooner. Weights that fit into a block's
shared memory stay there for the whole sequence, the others are read from the second-level cache at every step. A pure function of
shapes and of the chip: no timing decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from rnncc.errors import DeviceError
from rnncc.runtime.cuda.constants import ROWS, TILE, UNITS, WARPS

_CYCLES = {"float64": 2.0, "float32": 1.0, "uint32": 0.25, "uint16": 0.125}
"""Cycles of a multiprocessor for a column of an accumulator, of ROWS rows and UNITS units, by the dtype of the panel."""
_BYTES = {"float64": 8, "float32": 4, "uint32": 4, "uint16": 2}
_CACHE = 64
"""Bytes a cycle that a multiprocessor reads from the second-level cache."""
_MEETING = 2500
"""Cycles until all blocks of a part have met: about 1.5 µs."""
_CLUSTER_MEETING = 1000
"""The same of a cluster, without a counter's two ways to the second-level cache; an estimate."""
_NEIGHBOURS = 18
"""Multiprocessors of a GPC, where all blocks of a cluster run: the most that one has, so that what is left over is all in the last."""

_RESIDENT = 1024
"""Threads of a multiprocessor that run at once, with 64 registers each; while all wait for the numbers of a step its memory is busy."""
_STEP = 700
"""Cycles of a step of one thread that reads its numbers from memory."""
_MAPPED = 400
"""Cycles until the map of a chunk has been read from the second-level cache and applied."""
_LAUNCH = 5000
"""Cycles of a further kernel: about 3 µs."""


@dataclass(frozen=True)
class Chip:
    """What of a device matters here.

    Parameters
    ----------
    multiprocessors
        How many.
    shared
        Bytes of shared memory that one block can have.
    cluster
        Blocks that a cluster can have; 1 where there are no clusters.
    """

    multiprocessors: int
    shared: int
    cluster: int = 1

    def share(self, grids: int) -> "Chip":
        """What one of so many grids may take, so that the blocks of all can run at once."""
        return replace(self, multiprocessors=max(1, self.multiprocessors // grids))

    def clusters(self, blocks: int) -> int:
        """How many clusters of so many blocks run at once, each block on a multiprocessor of its own; 1 at least where there is one."""
        whole, rest = divmod(self.multiprocessors, _NEIGHBOURS)
        return whole * (_NEIGHBOURS // blocks) + rest // blocks


@dataclass(frozen=True)
class Weights:
    """A panel: groups of units, accumulators, numbers in a unit's row, and dtype."""

    groups: int
    accumulators: int
    row: int
    dtype: str

    @property
    def group_bytes(self) -> int:
        """Bytes of one group."""
        return self.accumulators * UNITS * self.row * _BYTES[self.dtype]


@dataclass(frozen=True)
class Plan:
    """How a time loop is launched.

    Parameters
    ----------
    parts, rows
        Parts of the batch, and rows of each but the last.
    owners
        Blocks of a part.
    keeps
        Of each panel how many of a block's groups stay in its shared memory.
    shared
        Bytes of shared memory of a block.
    clustered
        Whether the blocks of a part are a cluster.
    cycles
        What a step takes, about; 0 without products, which are all that is counted.
    """

    parts: int
    rows: int
    owners: int
    keeps: tuple[int, ...]
    shared: int
    clustered: bool = False
    cycles: float = 0.0

    @property
    def blocks(self) -> int:
        """Of the grid."""
        return self.parts * self.owners

    @property
    def together(self) -> bool:
        """Whether all blocks must run at once: those of a part wait for each other, and nothing but room lets them run."""
        return self.owners > 1 and not self.clustered


@lru_cache(maxsize=256)
def plan_loop(batch: int, dtype: str, tiles: int, panels: tuple[Weights, ...], chip: Chip) -> Plan:
    """The cheapest of the ways to share out a time loop.

    Parameters
    ----------
    batch
        N, 1 or more.
    dtype
        Of the states: "float32" or "float64".
    tiles
        Accumulators of the widest phase, 0 where the loop has no product.
    panels
        The packed weights.
    chip
        What it runs on.

    Raises
    ------
    DeviceError
        Where the sums of the widest phase alone need more shared memory than a block can have.
    """
    sums = tiles * TILE * _BYTES[dtype]
    if sums > chip.shared:
        raise DeviceError(
            f"a step with {tiles} sums needs {sums:,} bytes of shared memory a block, and this device has {chip.shared:,}; "
            f"use dtype='float32', or device='cpu'"
        )
    if not panels:
        return Plan(-(-batch // WARPS), WARPS, 1, (), sums)
    found = [_plan(batch, sums, panels, chip, *way) for way in _ways(batch, panels, chip)]
    timed = [replace(p, cycles=_cycles(p, batch, dtype, panels, chip)) for p in found]
    return min(timed, key=lambda p: (p.cycles, p.blocks))


@lru_cache(maxsize=256)
def chunks_of(steps: int, threads: int, chip: Chip) -> int:
    """In how many chunks, each a thread, a time loop runs that `threads` go through alone, each step a map that composes with others.

    A thread waits for memory at every step, so that more of them cost nothing as long as they run at once. With chunks each step is
    taken twice, and each chunk looks at the maps of all those before it.
    """
    counts = {-(-steps // -(-steps // (1 << k))) for k in range(steps.bit_length())} or {1}
    return min(sorted(counts), key=lambda chunks: chunked_cycles(steps, threads, chunks, chip))


def chunked_cycles(steps: int, threads: int, chunks: int, chip: Chip) -> float:
    """What a time loop takes, about, that `threads` go through alone, in so many chunks."""
    run = -(-steps // chunks) * _STEP
    cycles = run if chunks == 1 else 2 * run + chunks * _MAPPED
    waves = max(1.0, chunks * threads / (chip.multiprocessors * _RESIDENT))
    return cycles * waves + (_LAUNCH if chunks > 1 else 0)


def _ways(batch: int, panels: tuple[Weights, ...], chip: Chip) -> Iterator[tuple[int, int, bool]]:
    """Parts, owners, and whether these are a cluster, that are worth a thought: all at once on the chip, or each part alone."""
    tall, widest = _tall(batch), max(p.groups for p in panels)
    yield tall, 1, False
    for parts in range(1, min(tall, chip.multiprocessors) + 1):
        each = -(-widest // min(widest, chip.multiprocessors // parts))
        yield parts, -(-widest // each), False
    most = min(widest, chip.cluster, chip.multiprocessors)
    for owners in (1 << k for k in range(1, most.bit_length())):
        for parts in range(1, min(tall, chip.clusters(owners)) + 1):
            yield parts, owners, True


def _plan(batch: int, sums: int, panels: tuple[Weights, ...], chip: Chip, parts: int, owners: int, clustered: bool) -> Plan:
    rows = -(-_tall(batch) // parts) * ROWS
    keeps, free = [], chip.shared - sums
    for p in panels:
        keep = min(-(-p.groups // owners), free // p.group_bytes)
        keeps.append(keep)
        free -= keep * p.group_bytes
    return Plan(-(-batch // rows), rows, owners, tuple(keeps), chip.shared - free, clustered)


def _cycles(plan: Plan, batch: int, dtype: str, panels: tuple[Weights, ...], chip: Chip) -> float:
    """What a step takes, about: products, what is read for them, and meetings."""
    total = 0.0
    for p, keep in zip(panels, plan.keeps, strict=True):
        own = -(-p.groups // plan.owners)
        products = own * p.accumulators * p.row * _CYCLES[p.dtype]
        read = own * ROWS * p.row * _BYTES[dtype] + (own - keep) * p.group_bytes
        total += _tall(min(plan.rows, batch)) * (products + read / _CACHE)
    meeting = 0 if plan.owners == 1 else _CLUSTER_MEETING if plan.clustered else _MEETING
    return (total + len(panels) * meeting) * -(-plan.blocks // chip.multiprocessors)


def _tall(rows: int) -> int:
    """How many times ROWS rows hold these."""
    return -(-rows // ROWS)
