"""Names of a cell that the generated module needs for itself get an underscore; under the name of the spec they are still asked for."""

import builtins
import keyword
import re
from dataclasses import replace

from rnncc.errors import InternalError
from rnncc.functions import VOCABULARY, symbol
from rnncc.ir import (
    Axes,
    BlockDiagonal,
    Carry,
    Concat,
    Contract,
    DiagonalBlocks,
    Gather,
    Iota,
    Node,
    Pointwise,
    Program,
    Reduce,
    Relabel,
    ScatterAdd,
    Slice,
    Transpose,
    size_names,
)

RUNTIME: dict[str, tuple[str, ...]] = {
    "rnncc.runtime": ("host",),
    "rnncc.runtime.arrays": (
        *("final", "following", "new_rows", "new_stream", "padded", "preceding", "released", "result", "rows_from", "shifted"),
        *("stream_from", "trajectory"),
    ),
    "rnncc.runtime.blocks": ("block_diagonal", "diagonal_blocks"),
    "rnncc.runtime.cell_info": ("BatchMean", "CellInfo", "Memory", "Parameter", "RandomMask", "State"),
    "rnncc.runtime.compiled": (
        *("CACHED_ROWS", "blocks_of", "filled", "groups", "kernel", "lanes_apart", "met_columns", "new_tile", "not_inlined"),
        *("repeated", "tile_rows"),
    ),
    "rnncc.runtime.counts": ("least",),
    "rnncc.runtime.enlist": ("dismiss", "enlist"),
    "rnncc.runtime.frozen": ("fixed",),
    "rnncc.runtime.gather": ("columns", "columns_of", "gathered", "scattered"),
    "rnncc.runtime.layer": ("layer_class",),
    "rnncc.runtime.pack": ("group_blocks", "in_vectors", "packed", "packed_arrays"),
    "rnncc.runtime.share": ("rows_of", "share", "to_and_fro", "units_of"),
    "rnncc.runtime.simd": (
        "add_at",
        "fill",
        "first_lanes",
        "lanes",
        "load",
        "max_lanes",
        "product",
        "splat_at",
        "store",
        "sum_lanes",
        "where",
        *VOCABULARY,
    ),
    "rnncc.runtime.spin": ("barrier",),
    "rnncc.runtime.stretches": ("stretch_of", "stretch_sum", "zero_sums"),
    "rnncc.runtime.team": ("run_loop", "run_rows", "worth_hoisting"),
    "rnncc.runtime.totals": ("column_sum", "outer", "row_sum", "total_sum"),
}
"""What generated modules import: module -> names."""

DEVICE: dict[str, tuple[str, ...]] = {
    "rnncc.runtime.cuda": ("host",),
    "rnncc.runtime.cell_info": RUNTIME["rnncc.runtime.cell_info"],
    "rnncc.runtime.cuda.arrays": (*RUNTIME["rnncc.runtime.arrays"], "new_residual", "trajectories"),
    "rnncc.runtime.cuda.blocks": RUNTIME["rnncc.runtime.blocks"],
    "rnncc.runtime.cuda.barrier": ("barrier", "begin"),
    "rnncc.runtime.cuda.compiled": ("kernel",),
    "rnncc.runtime.cuda.constants": ("INFINITY", "LANES", "ROWS", "THREADS", "TILE", "UNITS", "WARPS"),
    "rnncc.runtime.cuda.counts": ("depth_of", "groups", "least", "met_columns", "share"),
    "rnncc.runtime.cuda.gather": ("columns", "columns_of", "gathered", "scattered"),
    "rnncc.runtime.cuda.launch": ("run_loop", "run_rows", "run_units"),
    "rnncc.runtime.cuda.layer": RUNTIME["rnncc.runtime.layer"],
    "rnncc.runtime.cuda.memory": ("resident", "shared_memory"),
    "rnncc.runtime.cuda.narrow": ("narrowed", "widened"),
    "rnncc.runtime.cuda.pack": ("in_vectors", "packed", "packed_arrays"),
    "rnncc.runtime.cuda.places": ("anew", "grid_threads", "grid_warps", "part_of", "threads"),
    "rnncc.runtime.cuda.product": ("collect", "multiply", "new_sums", "total"),
    "rnncc.runtime.cuda.products": ("whole_products",),
    "rnncc.runtime.cuda.scan": ("composed", "run_chunks", "steps_of", "ticks_of"),
    "rnncc.runtime.cuda.totals": (*RUNTIME["rnncc.runtime.totals"], "column_sums", "outers"),
    "rnncc.runtime.cuda.vocabulary": ("where", *VOCABULARY),
    "rnncc.runtime.cuda.warp": ("sync_warp", "warp_max", "warp_sum"),
    "rnncc.runtime.frozen": RUNTIME["rnncc.runtime.frozen"],
}
"""The same of modules for CUDA."""

_OWN = frozenset(
    {
        *("after", "against", "before", "block", "bounds", "count", "dtype", "end", "env", "first", "group", "high", "host", "last"),
        *("line", "live", "low", "meet", "meeting", "np", "own", "owners", "part", "posts", "row", "start", "steps", "stop", "stretch"),
        *("stretches", "sweep", "tick", "time", "top", "turn", "unit", "width", "CELL"),
        *("chunk", "maps", "sooner"),
        *("after_here", "before_here", "time_here"),
        *("batch", "free", "index", "item", "lane", "number", "rows", "space", "thread", "warp", "warps"),
    }
)
_WORDS = _OWN.union(dir(builtins), keyword.kwlist, *RUNTIME.values(), *DEVICE.values())
_MADE = re.compile(
    r".*_(seq|row|all|sums)|(.*_)?(panel|tile|apart|blocks|weights|sums|keep|low|high)_[0-9_]+|.*_BLOCKS_[0-9]+|(inference|forward|backward|trace)(_.*)?"
)
_SIZE_NAME = re.compile(r"[^\W\d]\w*")
_SIZES = frozenset({"hidden", "input"})
"""Sizes of every layer: `input` hides a function of Python's that no generated module calls."""


def _clashes(name: str) -> bool:
    base = name.rstrip("_")
    return base not in _SIZES and (base in _WORDS or bool(_MADE.fullmatch(base)))


def safe(name: str) -> str:
    """`name` as generated code has it."""
    return f"{name}_" if _clashes(name) else name


def key(name: str) -> str:
    """The name of the spec that `safe` made `name` of."""
    return name[:-1] if _clashes(name) else name


def without_clashes(program: Program) -> Program:
    """`program` with safe names and axes; the keys of its outputs stay."""
    if not any(_clashes(word) for name, axes in program.types.items() for word in (name, *(s for a in axes for s in size_names(a)))):
        return program
    return replace(
        program,
        inputs=tuple(replace(i, name=safe(i.name), type=_axes(i.type)) for i in program.inputs),
        carries=tuple(_carry(c) for c in program.carries),
        nodes=tuple(_node(n) for n in program.nodes),
        outputs=tuple((k, safe(v)) for k, v in program.outputs),
    )


def _axes(axes: Axes) -> Axes:
    return tuple(_SIZE_NAME.sub(lambda found: safe(found[0]), a) for a in axes)


def _carry(c: Carry) -> Carry:
    return Carry(safe(c.prev), safe(c.init), safe(c.next), safe(c.final), _axes(c.type), c.reverse)


def _node(n: Node) -> Node:
    n = replace(n, name=safe(n.name), type=_axes(n.type))
    match n:
        case Pointwise():
            return replace(n, expr=n.expr.xreplace({s: symbol(safe(s.name)) for s in n.expr.free_symbols}))
        case Contract():
            return replace(n, a=safe(n.a), b=safe(n.b))
        case Reduce() | Slice() | Transpose() | BlockDiagonal() | DiagonalBlocks() | Relabel():
            return replace(n, a=safe(n.a))
        case Iota():
            return n
        case Concat():
            return replace(n, parts=tuple(safe(p) for p in n.parts))
        case Gather() | ScatterAdd():
            return replace(n, a=safe(n.a), index=safe(n.index))
        case _:
            raise InternalError(f"{n.name}: no safe names for a {type(n).__name__}")
