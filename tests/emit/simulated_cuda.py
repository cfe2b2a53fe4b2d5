"""Generated modules for CUDA without a device: blocks of one thread each are Python threads, and wait for each other as blocks do.

What this shows is the backend's own work: order, places in memory, the share of each block. What threads of a block do together is
tested beside it.
"""

import ast
import sys
import threading
from types import ModuleType

import numpy as np

from rnncc.functions import VOCABULARY
from rnncc.runtime import arrays, blocks, gather, host, totals
from rnncc.runtime.cuda.rounding import bfloat16, of_bfloat16
from rnncc.runtime.cuda.scan import steps_of, ticks_of
from rnncc.runtime.layer import layer_class
from rnncc.runtime.pack import in_vectors, matrix_of

ROWS, UNITS, DEPTH = 3, 2, 4
PARTS, OWNERS = 2, 2
CHUNKS = 2
_block = threading.local()


def simulated_cuda_module(source):
    """The module of `source`, its kernels run by Python."""
    module = ModuleType("simulated_cuda")
    sys.modules["simulated_cuda"] = module
    tree = ast.parse(source)
    imported = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module.startswith("rnncc.runtime.cuda")]
    tree.body = [node for node in tree.body if node not in imported]
    module.__dict__.update({alias.name: PRIMITIVES[alias.name] for node in imported for alias in node.names})
    exec(compile(tree, "<generated>", "exec"), module.__dict__)
    return module


def packed(env, sums):
    """See `rnncc.runtime.cuda.pack`: (groups, accumulators, UNITS, K), each operand's columns to whole DEPTH."""
    return packed_arrays(env, [[matrix_of(env, term) for term in terms] for terms in sums])


def packed_arrays(env, sums):
    units = sums[0][0].shape[0]
    deep = [depth_of(m.shape[1]) for m in sums[0]]
    groups = -(-units // UNITS)
    whole = np.zeros((groups * UNITS, len(sums), sum(deep)), sums[0][0].dtype)
    for a, matrices in enumerate(sums):
        for start, m in zip(np.cumsum([0, *deep]), matrices, strict=False):
            whole[:units, a, start : start + m.shape[1]] = m
    return whole.reshape(groups, UNITS, len(sums), -1).swapaxes(1, 2).copy()


def depth_of(columns):
    return -(-columns // DEPTH) * DEPTH


def whole_products(sweep, env, sums, operands):
    streams = [part for o in operands for part in (np.moveaxis(o, 2, 0) if o.ndim == 4 else [o])]
    given = [[term if isinstance(term, np.ndarray) else matrix_of(env, term) for term in terms] for terms in sums]
    return np.stack([sum(s[..., : m.shape[1]] @ m.T for m, s in zip(terms, streams, strict=True)) for terms in given], axis=2)


def new_stream(sweep, dtype, *units):
    """Of several streams side by side each is as wide as `multiply` reads it, and zero where it holds nothing."""
    if len(units) < 2:
        return arrays.new_stream(sweep, dtype, *units)
    return np.zeros((sweep.steps, sweep.batch, *units[:-1], depth_of(units[-1])), dtype)


def new_residual(sweep, env, dtype, *units):
    """In float64 all is kept as it is; see `tests.cuda.simulated` for bfloat16."""
    return new_stream(sweep, dtype, *units)


def narrowed(value, array):
    if array.dtype != np.uint16:
        return value
    return bfloat16(np.float32(value).reshape(1))[0]


def widened(value):
    return of_bfloat16(value.reshape(1))[0] if value.dtype == np.uint16 else value


def trajectories(sweep, inits, against):
    units = next(init for init in inits if init is not None).shape[1]
    each = [np.zeros((sweep.batch, units)) if init is None else init for init in inits]
    made = [arrays.trajectory(sweep, init, against)[..., :units] for init in each]
    found = np.zeros((sweep.steps + 1, sweep.batch, len(made), depth_of(units)), made[0].dtype)
    found[..., :units] = np.stack(made, axis=2)
    return found


def outer(sweep, left, left_units, right, right_units, **settings):
    return totals.outer(sweep, np.ascontiguousarray(left), left_units, np.ascontiguousarray(right), right_units, **settings)


def outers(sweep, left, left_units, right, right_units, so_far):
    parts = zip(np.moveaxis(left, 2, 0), so_far, strict=True)
    return [outer(sweep, part, left_units, right, right_units, so_far=given) for part, given in parts]


def column_sum(sweep, stream, *units, **settings):
    return totals.column_sum(sweep, np.ascontiguousarray(stream), *units, **settings)


def column_sums(sweep, streams, units, so_far):
    return [column_sum(sweep, part, units, so_far=given) for part, given in zip(np.moveaxis(streams, 2, 0), so_far, strict=True)]


def run_loop(kernel, sweep, against, tiles, panels, *arguments):
    """Every block a thread; those that share rows meet."""
    owners = OWNERS if tiles else 1
    rows = -(-sweep.batch // PARTS) or 1
    meets = [threading.Barrier(owners) for _ in range(PARTS)]
    _together(
        PARTS * owners,
        lambda b: kernel(meets[b // owners], owners, rows, sweep.live(), against, *[k % 2 for k, _ in enumerate(panels)], *arguments),
    )


def run_rows(kernel, sweep, *arguments):
    _together(2, lambda _: kernel(sweep.batch, sweep.live(), *arguments))


def run_units(kernel, sweep, against, _units, *arguments):
    _together(2, lambda _: kernel(sweep.batch, sweep.live(), against, *arguments))


def composed(kernel, sweep, against, units, numbers, *arguments):
    """The maps of `CHUNKS` chunks; with one of any content, as on a device."""
    maps = np.full((CHUNKS, numbers, sweep.batch, units), np.nan, next(a.dtype for a in arguments if getattr(a, "ndim", 0)))
    if CHUNKS > 1:
        _together(2, lambda _: kernel(sweep.batch, sweep.live(), against, maps, *arguments))
    return maps


def run_chunks(kernel, sweep, against, _units, maps, *arguments):
    _together(3, lambda _: kernel(sweep.batch, sweep.live(), against, maps, *arguments))


def _together(blocks, work):
    failed = []

    def run(number):
        _block.number, _block.blocks = number, blocks
        try:
            with np.errstate(all="ignore"):
                work(number)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=run, args=(b,)) for b in range(blocks)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(timeout=30)
    if failed:
        raise failed[0]


def part_of(rows, owners):
    first = _block.number // owners * rows
    return first, first + rows, _block.number % owners


def barrier(meet, owners, meeting):
    meet.wait(timeout=20)
    return meeting + 1


def resident(memory, free, panel, low, keep):
    return (panel, low, keep), free


def new_sums(accumulators, tile):
    return np.zeros((ROWS, accumulators, UNITS), tile.dtype)


def multiply(sums, weights, group, column, operand, start, stop, top, end):
    """Columns outside [start, stop) are not looked at; the panel has zeros beyond the operand's own."""
    panel, operand = weights[0][group], operand.reshape(len(operand), -1)
    held = min(depth_of(stop), operand.shape[1])
    rows = operand[top : min(end, top + ROWS), start:held]
    rows = np.where(np.arange(start, held) < stop, rows, 0)
    sums[: len(rows)] += np.einsum("rk,auk->rau", rows, panel[:, :, column + start : column + held])
    return sums


def collect(tile, sums):
    tile[...] = np.nan
    flat = sums.transpose(1, 0, 2).ravel()
    tile[: flat.size] = flat


def total(tile, accumulators, k, item):
    assert k < accumulators
    return tile[k * ROWS * UNITS + item]


def met_columns(group, size, blocks, rows, columns):
    first, last = group * size, min((group + 1) * size, rows) - 1
    high, wide = rows // blocks, columns // blocks
    return first // high * wide, (last // high + 1) * wide


HOST = {name: getattr(arrays, name) for name in dir(arrays)} | {
    name: getattr(m, name)
    for m, names in {
        gather: ("columns", "columns_of", "gathered", "scattered"),
        blocks: ("block_diagonal", "diagonal_blocks"),
        totals: ("row_sum", "total_sum"),
    }.items()
    for name in names
}
PRIMITIVES = (
    HOST
    | {name: getattr(host, name) for name in (*VOCABULARY, "where")}
    | {
        "INFINITY": np.inf,
        "LANES": 1,
        "ROWS": ROWS,
        "THREADS": 1,
        "TILE": ROWS * UNITS,
        "UNITS": UNITS,
        "WARPS": 1,
        "barrier": barrier,
        "begin": lambda: 0,
        "collect": collect,
        "column_sum": column_sum,
        "column_sums": column_sums,
        "depth_of": depth_of,
        "anew": lambda index: index,
        "host": host,
        "layer_class": layer_class,
        "grid_threads": lambda: (_block.number, _block.blocks),
        "grid_warps": lambda: (_block.number, 0, _block.blocks),
        "in_vectors": in_vectors,
        "groups": lambda units, width: -(-units // width),
        "kernel": lambda function: function,
        "least": min,
        "met_columns": met_columns,
        "multiply": multiply,
        "narrowed": narrowed,
        "new_residual": new_residual,
        "new_stream": new_stream,
        "new_sums": new_sums,
        "outer": outer,
        "outers": outers,
        "packed": packed,
        "packed_arrays": packed_arrays,
        "part_of": part_of,
        "resident": resident,
        "composed": composed,
        "run_chunks": run_chunks,
        "steps_of": steps_of,
        "ticks_of": ticks_of,
        "run_loop": run_loop,
        "run_rows": run_rows,
        "run_units": run_units,
        "share": lambda number, own, owners: (number * own // owners, number * (own + 1) // owners),
        "shared_memory": lambda like: np.full(100_000, np.nan, like.dtype),
        "sync_warp": lambda: None,
        "threads": lambda: (0, 0, 0),
        "total": total,
        "trajectories": trajectories,
        "warp_max": lambda value: value,
        "warp_sum": lambda value: value,
        "whole_products": whole_products,
        "widened": widened,
    }
)
"""Name in a generated module -> its meaning for a block of one thread."""
