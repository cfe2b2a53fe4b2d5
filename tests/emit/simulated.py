"""Generated modules without Numba: the primitives of kernels in plain Python, so that hundreds of cells run in seconds.

What this shows is the backend's own work: order, places in memory, masks, packing. Machine code is tested beside it.
"""

import sys
from types import ModuleType

import numpy as np

from rnncc.functions import VOCABULARY
from rnncc.runtime import host
from rnncc.runtime.simd import ISA, lanes_of
from rnncc.runtime.simd.panel import DEPTH
from rnncc.runtime.spin import LINE
from rnncc.runtime.sweep import Sweep
from tests.simd.dots import dots, rounded

_IMPORTS = "from rnncc.runtime."


def simulated_module(source):
    """The module of `source`, its kernels run by Python."""
    module = ModuleType("simulated")
    sys.modules["simulated"] = module
    exec(compile(_with_own_imports(source), "<generated>", "exec"), module.__dict__)
    return module


def _with_own_imports(source):
    """The source with what `PRIMITIVES` offers imported from here."""
    first = min(source.find(mark) for mark in ("\n@kernel", "\n@repeated") if mark in source)
    head, kernels = source[:first], source[first:]
    own = f"from {__name__} import PRIMITIVES\nglobals().update(PRIMITIVES)\n"
    assert _IMPORTS in head
    return f"{head}\n{own}{kernels}"


class _Tile(np.ndarray):
    """The sums of a product: vectors of a row may begin anywhere in it."""


def _window(array, index):
    """The vector that begins at `index`: a view. It may end past the last axis only where memory goes on."""
    *outer, unit = index
    width = lanes_of(array.dtype)
    if isinstance(array, _Tile):
        array, unit, outer = np.asarray(array).reshape(len(array), -1), outer[1] * width + unit, outer[:1]
    vector = array[tuple(outer)][unit : unit + width]
    assert vector.shape == (width,), f"a vector at {index} ends outside an array of shape {array.shape}"
    return vector


def load(array, *index):
    return _window(array, index).copy()


def store(value, array, *index):
    _window(array, index)[...] = value


def add_at(value, array, *index):
    _window(array, index)[...] += value


def splat_at(array, *index):
    return np.full(lanes_of(array.dtype), array[index])


def fill(array, number):
    return np.full(lanes_of(array.dtype), number, array.dtype)


def lanes(array):
    return lanes_of(array.dtype)


def sum_lanes(vector, count):
    return vector[: max(count, 0)].sum()


def max_lanes(vector, count):
    return vector[: max(count, 0)].max(initial=-np.inf)


def first_lanes(vector, count, neutral):
    return np.where(np.arange(len(vector)) < count, vector, vector.dtype.type(neutral))


def blocks_of(whole, panel, owners):
    """As wide as any group that is rounded, wherever rows are rounded."""
    return whole * 3 if panel.dtype == np.uint32 and DEPTH > 1 and owners == 1 else whole


def new_tile(panel, vectors):
    numbers = unpaired(panel)
    return np.full((ISA.tall, vectors, numbers.shape[2] // ISA.vectors), np.nan, numbers.dtype).view(_Tile)


def unpaired(panel):
    """The numbers of a panel, where it holds words of two bfloat16; see `rnncc.runtime.bfloat16`."""
    if panel.dtype != np.uint32:
        return panel
    chunks, inner, width = panel.shape
    together = width if DEPTH > 1 else lanes_of(np.float32)
    words = panel.reshape(chunks, inner, width // together, together)
    numbers = np.stack([words << np.uint32(16), words & np.uint32(0xFFFF0000)], axis=3)
    return numbers.reshape(chunks, inner * DEPTH, 2 * width // DEPTH).view(np.float32)


def met(panel, numbers):
    """What a panel meets of rows of `numbers`: as they are; where it holds pairs of units they are rounded, and filled up to pairs."""
    if panel.dtype != np.uint32 or DEPTH == 1:
        return numbers
    return rounded(np.pad(numbers, [(0, 0), (0, numbers.shape[1] % DEPTH)]))


def product(tile, panel, filled, group, row, count, *operands):
    """See `rnncc.runtime.simd.product`."""
    width = tile.shape[2]
    parts = [met(panel, _rows(operand)[row : row + count]) for operand in operands]
    chunks = tile.shape[1] // ISA.vectors
    packed = unpaired(panel)[group * chunks : (group + 1) * chunks]  # the last group may have fewer
    if panel.dtype == np.uint32 and DEPTH > 1:
        sums = dots(parts, packed)
    else:
        sums = np.einsum("rk,ckv->rcv", np.concatenate(parts, axis=-1), packed)
    sums = sums.reshape(count, -1, width)[:, : filled - group * tile.shape[1]]
    tile[:] = np.nan
    tile[:count, : sums.shape[1]] = sums


def _rows(operand):
    """Of units outside the pair at the operand's end nothing is read."""
    part = operand[-1] if isinstance(operand[-1], tuple) else None
    array, *places, units = operand[:-1] if part else operand
    rows = array[tuple(places)][:, :units]
    first, last = part or (0, units)
    return np.where((np.arange(units) >= first) & (np.arange(units) < last), rows, 0)


def run_rows(kernel, sweep: Sweep, against, *arguments):
    """Two shares of rows, one after the other."""
    bounds = [0, sweep.batch // 2, sweep.batch]
    for part in range(2):
        kernel(part, None, bounds, sweep.live(), against, *arguments)


def run_loop(kernel, sweep: Sweep, against, *arguments):
    """Two shares of rows, one after the other."""
    bounds = np.array([0, sweep.batch // 2, sweep.batch])
    for part in range(2):
        kernel(part, None, bounds, np.zeros((0, LINE)), sweep.live(), against, *arguments)


PRIMITIVES = {name: getattr(host, name) for name in (*VOCABULARY, "where")} | {
    "barrier": lambda meet, parts, meeting: meeting + 1,
    "dismiss": lambda part, posts: None,
    "enlist": lambda part, posts: None,
    "fill": fill,
    "first_lanes": first_lanes,
    "kernel": lambda function: function,
    "lanes": lanes,
    "load": load,
    "max_lanes": max_lanes,
    "new_tile": new_tile,
    "not_inlined": lambda: None,
    "product": product,
    "repeated": lambda function: function,
    "run_loop": run_loop,
    "run_rows": run_rows,
    "splat_at": splat_at,
    "add_at": add_at,
    "blocks_of": blocks_of,
    "store": store,
    "sum_lanes": sum_lanes,
    "worth_hoisting": lambda sweep: sweep.batch % 2 == 1,
}
"""Name in a generated module -> its meaning on NumPy arrays."""
