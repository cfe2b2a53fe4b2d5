"""A grid without a device: every thread is a Python thread, and primitives do with NumPy what their instructions do.

`mma.sync` is emulated from the fragments of a warp's lanes, as the PTX ISA lays them out. An address must be one that the device
takes: inside its array, and a multiple of 16 bytes where 16 bytes are read.
"""

import threading
import time
from functools import cache

import numpy as np

from rnncc.runtime.cuda import barrier, chunk, cluster, instructions, memory, narrow, places, product, warp
from rnncc.runtime.cuda.constants import LANES, ROWS, THREADS, UNITS, WARPS
from rnncc.runtime.cuda.text import DEVICE, rewritten
from tests.emit import simulated_cuda

_own = threading.local()
"""Of this thread: `thread`, `block` (a `_Block`), `number` of the block, `blocks` of the grid, `cluster`, where its threads meet."""
_counting = threading.Lock()
PATIENCE = 60
"""Seconds to wait for other threads."""


class _Together:
    """Threads that wait for each other, and show each other a value."""

    def __init__(self, count):
        self.values, self.combine = [None] * count, list
        self.barrier = threading.Barrier(count, self._combined, PATIENCE)

    def _combined(self):
        self.shown = self.combine(self.values)

    def exchange(self, place, value, combine=list):
        """What `combine`, the same for all, makes of the values of all."""
        self.values[place], self.combine = value, combine
        self.barrier.wait()
        shown = self.shown
        self.barrier.wait()
        return shown


class _Block:
    def __init__(self, shared):
        self.shared, self.all, self.warps = shared, _Together(THREADS), [_Together(LANES) for _ in range(WARPS)]


def run(kernel, dtype, blocks, shared, *arguments, size=1):
    """Every block of a grid, all at the same time; `shared` numbers of `dtype` of shared memory, NaN at first.

    So many blocks as `size`, one after the other, are a cluster.
    """
    function = _emulated(kernel.py_func, dtype, size > 1)
    grid, failed = [_Block(np.full(shared, np.nan, dtype)) for _ in range(blocks)], []
    clusters = [threading.Barrier(THREADS * size, timeout=PATIENCE) for _ in range(blocks // size)]

    def thread(block, number):
        _own.block, _own.number, _own.blocks, _own.thread = grid[block], block, blocks, number
        _own.cluster = clusters[block // size]
        try:
            with np.errstate(all="ignore"):
                function(*arguments)
        except BaseException as error:
            failed.append(error)
            for wait in (*clusters, *(one.barrier for own in grid for one in (own.all, *own.warps))):
                wait.abort()

    threads = [threading.Thread(target=thread, args=(b, t)) for b in range(blocks) for t in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failed:
        raise next((e for e in failed if not isinstance(e, threading.BrokenBarrierError)), failed[0])


@cache
def _emulated(function, dtype, clustered=False):
    def meaning(named):
        if not getattr(named, "__hash__", None):
            return named
        named = cluster.IN_CLUSTERS.get(named, named) if clustered else named
        return _emulated(named, dtype) if named in DEVICE else PRIMITIVES.get(named, named)

    return rewritten(function, meaning, np.dtype(dtype).type)


def forget():
    """Emulate the functions anew, with what their modules hold by then."""
    _emulated.cache_clear()


def _warp():
    return _own.block.warps[_own.thread // LANES]


def _of_warp(value, combine=list):
    return _warp().exchange(_own.thread % LANES, value, combine)


def _flat(array, index, size):
    """`size` bytes of an array from its element number `index` on."""
    count = size // array.itemsize
    flat = array.reshape(-1)
    assert np.shares_memory(flat, array)
    assert index * array.itemsize % memory.ACCESS == 0
    assert 0 <= index <= flat.size - count
    return flat[index : index + count]


class _Machine:
    """See `chunk.Machine`."""

    def fma(self, a, b, c):
        return type(c)(np.float64(a) * np.float64(b) + np.float64(c))

    def tf32(self, a):
        return rounded_tf32(np.float32(a)).view(np.uint32)

    def pair(self, low, high):
        halves = [int(rounded_bf16(np.float32(v)).view(np.uint32)) >> 16 for v in (low, high)]
        return np.uint32(halves[0] | halves[1] << 16)

    def mma(self, kind, sums, a, b):
        given = (sums, [_numbers(kind, w) for w in a], [_numbers(kind, w) for w in b])
        found = _of_warp(given, lambda lanes: _multiplied(lanes, {"tf32": 1, "bf16": 2}[kind]))
        g, t = divmod(_own.thread % LANES, 4)
        return [found[g + 8 * (i // 2), 2 * t + i % 2] for i in range(4)]


def _multiplied(lanes, width):
    """The sums (ROWS, UNITS) that `mma.sync` makes of the fragments of a warp's lanes, `width` numbers a word."""
    rows, columns = np.zeros((ROWS, 8 * width)), np.zeros((8 * width, UNITS))
    found = np.zeros((ROWS, UNITS))
    for lane, (c, x, y) in enumerate(lanes):
        g, t = divmod(lane, 4)
        for i, word in enumerate(x):
            rows[g + 8 * (i % 2), (4 * (i // 2) + t) * width : (4 * (i // 2) + t + 1) * width] = word
        for i, word in enumerate(y):
            columns[(4 * i + t) * width : (4 * i + t + 1) * width, g] = word
        for i, number in enumerate(c):
            found[g + 8 * (i // 2), 2 * t + i % 2] = number
    return (found + rows @ columns).astype(np.float32)


def rounded_tf32(numbers):
    """To 10 bits after the leading one, halves away from zero."""
    return ((numbers.view(np.uint32) + np.uint32(0x1000)) & np.uint32(0xFFFFE000)).view(np.float32)


def rounded_bf16(numbers):
    """To 7 bits after the leading one, halves to even."""
    bits = numbers.view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)).view(np.float32)


def _numbers(kind, word):
    """The numbers of a word of a fragment."""
    words = [word] if kind == "tf32" else [np.uint32(word) << np.uint32(16), np.uint32(word) & np.uint32(0xFFFF0000)]
    return [np.uint32(w).view(np.float32) for w in words]


def _load_rows(operand, first, second, column):
    width = operand[0].size
    return tuple(n for row in (first, second) for n in _flat(operand, row * width + column, instructions.SPAN))


def _multiply_chunk(sums, panel, index, stride, rows):
    form = {"f": chunk.exact, "uint32": chunk.tf32, "uint16": chunk.bf16}[
        panel.dtype.kind if panel.dtype.kind == "f" else panel.dtype.name
    ]
    size = memory.ACCESS if panel.dtype == np.uint16 else instructions.SPAN

    def weights(unit):
        read = _flat(panel, index + unit * stride, size)
        return read if panel.dtype.kind == "f" else read.view(np.uint32)

    return tuple(form(_Machine(), list(sums), rows, weights))


def _copy_access(target, at, source, start):
    _flat(target, at, memory.ACCESS)[...] = _flat(source, start, memory.ACCESS)


def _store_sums(tile, warp_number, lane, sums):
    for k in range(len(sums) // 2):
        place = 2 * ((warp_number * len(sums) // 2 + k) * LANES + lane)
        tile[place : place + 2] = sums[2 * k : 2 * k + 2]


def _shared_memory(like):
    assert like.dtype == _own.block.shared.dtype
    return _own.block.shared


def _arrive(counters, at):
    with _counting:
        counters[at] += np.int32(1)
        return int(counters[at]) - 1


def _look(counters, at):
    time.sleep(0)  # so that others get on
    return int(counters[at])


PRIMITIVES = {
    barrier.arrive: _arrive,
    barrier.look: _look,
    barrier.sync_block: lambda: _own.block.all.barrier.wait(),
    cluster.arrive_in_cluster: lambda: None,
    cluster.wait_in_cluster: lambda: _own.cluster.wait(),
    instructions.load_rows: _load_rows,
    instructions.multiply_chunk: _multiply_chunk,
    instructions.on_tensor_cores: lambda panel: panel.dtype.kind == "u",
    memory.copy_access: _copy_access,
    memory.shared_memory: _shared_memory,
    memory.viewed: lambda array, like: array.view(like.dtype),
    narrow.narrowed: simulated_cuda.narrowed,
    narrow.widened: simulated_cuda.widened,
    places.anew: lambda index: index,
    places.block_count: lambda: _own.blocks,
    places.block_number: lambda: _own.number,
    places.thread_number: lambda: _own.thread,
    product.new_sums: lambda accumulators, tile: (tile.dtype.type(0),) * (4 * accumulators),
    product.store_sums: _store_sums,
    warp.exchanged: lambda value, distance: _of_warp(value)[_own.thread % LANES ^ distance],
    warp.sync_warp: lambda: _warp().barrier.wait(),
}
"""Primitive -> its meaning here; those of the vocabulary have one of their own."""
