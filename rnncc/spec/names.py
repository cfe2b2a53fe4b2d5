"""Names a spec may use: plain identifiers that no generated kernel needs for itself.

Names of a spec are written into generated Python as they are, so anything but an ASCII identifier is refused.
"""

import keyword
import re
from collections.abc import Iterable

from rnncc.functions import VOCABULARY
from rnncc.runtime.keywords import LAYER_KEYWORDS, TRANSFORMS

RESERVED: tuple[str, ...] = (
    # what kernels and generated modules call their own
    *("output", "time", "step", "row", "rows", "unit", "tile", "block", "first", "last", "live", "steps", "batch", "sweep", "env"),
    *("lanes", "load", "store", "splat", "fill", "where", "panel", "count", "inference", "forward", "backward", "trace", "fma"),
    *("training", "n_live"),
    *("np", "numpy", "numba", "njit", "rnncc", "Layer", "CELL", "CellInfo", "Parameter", "RandomMask", "State", "Sweep"),
    # Python's functions in generated code
    *("abs", "all", "any", "bool", "dict", "enumerate", "float", "int", "len", "list", "max", "min", "print", "range", "round"),
    *("set", "slice", "str", "sum", "super", "tuple", "type", "zip"),
    # the spec language itself, and the sizes every layer has
    *("Cell", "Piecewise", "cols", "concat", "hard_sigmoid", "mean", "outer", "softmax", "hidden", "input"),
    *VOCABULARY,
)
"""Words that name no value of a cell."""

_LAYER = ("cell", "cls", "self", "input_size", "hidden_size", *LAYER_KEYWORDS, *TRANSFORMS)
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def objection(name: object, *, keyword_of_layer: bool = False) -> str | None:
    """Why `name` cannot name a value of a cell, or one that layers are given by this name; None where it can."""
    if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
        return "is no plain name: a letter, then letters, digits and underscores (ASCII)"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        return "is a keyword of Python"
    if name in ("hidden", "input"):
        return "is a size that every layer has"
    if name in RESERVED:
        return "is reserved for generated kernels"
    if keyword_of_layer and name in _LAYER:
        return "is an argument that every layer takes"
    return None


def implied(states: Iterable[str], sizes: Iterable[str]) -> dict[str, str]:
    """Names that states and sizes bring along, each with what it stands for."""
    firsts = {f"{s}_0": f"the first value of the state {s}" for s in states}
    lasts = {f"{s}_T": f"the last value of the state {s}" for s in states}
    return firsts | lasts | {f"n_{s}": f"the number of units of the size {s}" for s in sizes}


def fresh(base: str, taken: Iterable[str]) -> str:
    """`base`, or `base_2`, `base_3` … where that is taken."""
    used, name, k = set(taken), base, 1
    while name in used:
        k += 1
        name = f"{base}_{k}"
    return name
