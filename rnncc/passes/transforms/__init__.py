"""Transforms of a cell that a layer asks for: each a file, `Described -> Described`, before any derivative is taken."""

from collections.abc import Mapping

from rnncc.errors import ArgumentError
from rnncc.ir import verify
from rnncc.passes.transforms.clip import preactivation_clip, state_clip
from rnncc.passes.transforms.described import Described
from rnncc.passes.transforms.dropout import input_dropout, recurrent_dropout, weight_drop
from rnncc.passes.transforms.highway import highway
from rnncc.passes.transforms.layer_norm import layer_norm
from rnncc.passes.transforms.restart import learn_initial, reset
from rnncc.passes.transforms.reversible import reversible
from rnncc.passes.transforms.zoneout import zoneout
from rnncc.runtime.keywords import TRANSFORMS
from rnncc.runtime.transforms import Structure

__all__ = ["Described", "transformed"]


def transformed(cell: Described, asked: Mapping[str, Structure]) -> Described:
    """`cell` after the transforms `asked` for, each verified, in the order of `TRANSFORMS`.

    Raises `ArgumentError` for a state that the cell does not have, and for a transform that would change nothing.
    """
    for name in TRANSFORMS:
        if name in asked:
            found = _one(cell, name, asked[name])
            if name in _CHANGED and found.program.nodes == cell.program.nodes:
                raise ArgumentError(f"{name} changes {_CHANGED[name]}, and {cell.info.name} has none; leave it out")
            verify(found.program)
            cell = found
    return cell


def _one(cell: Described, name: str, structure: Structure) -> Described:
    if isinstance(structure, tuple):
        return _BY_STATE[name](cell, structure)
    return _WHOLE[name](cell)


_CHANGED = {
    "layer_norm": "sums of products that something reads",
    "preactivation_clip": "sums of products that functions are applied to",
    "input_dropout": "products of inputs",
    "recurrent_dropout": "products of previous states",
    "weight_drop": "weights of previous states",
}
"""What each looks for."""
_BY_STATE = {"state_clip": state_clip, "zoneout": zoneout}
_WHOLE = {
    "layer_norm": layer_norm,
    "preactivation_clip": preactivation_clip,
    "input_dropout": input_dropout,
    "recurrent_dropout": recurrent_dropout,
    "weight_drop": weight_drop,
    "reset": reset,
    "learn_initial": learn_initial,
    "highway": highway,
    "reversible": reversible,
}
