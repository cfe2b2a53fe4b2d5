"""What one node computes, over the whole sequence or at one step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.emit.numpy.elementwise import Array
from rnncc.emit.numpy.expression import evaluator, operand_names
from rnncc.emit.numpy.scatter import scatter_add
from rnncc.emit.numpy.sizes import Sizes
from rnncc.errors import InternalError
from rnncc.ir import (
    Axes,
    BlockDiagonal,
    Concat,
    Contract,
    DiagonalBlocks,
    Gather,
    Iota,
    Node,
    Pointwise,
    Reduce,
    Relabel,
    ScatterAdd,
    Slice,
    Transpose,
    size_names,
)
from rnncc.runtime.blocks import block_diagonal, diagonal_blocks

_PLAN_FROM = 1 << 14
"""Elements from which `einsum` gains more by planning (BLAS) than planning costs."""


@dataclass(frozen=True)
class Place:
    """Where nodes are computed: the whole sequence, `live` (T, N) bool, or one step, `live` (N,) bool and no value has its T axis."""

    types: Mapping[str, Axes]
    sizes: Sizes
    live: NDArray[np.bool_]

    def axes(self, name: str) -> Axes:
        """The axes that the array of `name` has here."""
        return self.here(self.types[name])

    def here(self, axes: Axes) -> Axes:
        """`axes`, without T at one step."""
        return axes if self.live.ndim == 2 else tuple(a for a in axes if a != "T")

    def masked(self, value: Any, axes: Axes, fill: float = 0.0) -> Any:
        """`value`, `fill` where its sequence has ended; `axes` is its type."""
        if not {"T", "N"} <= set(axes):
            return value
        alive = self.live.reshape(self.live.shape + (1,) * (np.ndim(value) - self.live.ndim))
        return np.where(alive, value, fill)

    def summand(self, name: str, env: Mapping[str, Any], into: Axes, fill: float = 0.0) -> Any:
        """The value of an operand; where `into` adds over time or rows, ended sequences contribute nothing, be it NaN."""
        skips = not {"T", "N"} <= set(into)
        return self.masked(env[name], self.types[name], fill) if skips else env[name]


def compute(node: Node, env: Mapping[str, Any], place: Place) -> Array:
    """The array of `node` at `place`, from the arrays of its operands."""
    match node:
        case Pointwise():
            return _pointwise(node, env, place)
        case Contract():
            return _contract(node, env, place)
        case Reduce():
            return _reduce(node, env, place)
        case Concat() | Relabel():
            return np.concatenate([env[o] for o in node.operands], axis=-1)
        case Slice() | Transpose() | BlockDiagonal() | DiagonalBlocks() | Gather():
            return _part(node, env, place)
        case Iota():
            return np.indices(place.sizes.shape(node.type), np.float64)[node.axis]
        case ScatterAdd():
            return _scatter_add(node, env, place)
        case _:
            raise InternalError(f"the interpreter does not know {type(node).__name__} of {node.name}")


def _pointwise(node: Pointwise, env: Mapping[str, Any], place: Place) -> Array:
    axes = place.here(node.type)
    values = {o: _spread(env[o], place.axes(o), axes) for o in operand_names(node.expr)}
    return np.broadcast_to(np.asarray(evaluator(node.expr)(values), np.float64), place.sizes.shape(axes))


def _spread(value: Any, axes: Axes, onto: Axes) -> Any:
    """`value` with axes of length 1 where `onto` has one that it lacks."""
    if not axes or axes == onto:
        return value
    shape = np.shape(value)
    return np.reshape(value, [shape[axes.index(a)] if a in axes else 1 for a in onto])


def _contract(node: Contract, env: Mapping[str, Any], place: Place) -> Array:
    index = node.index if place.live.ndim == 2 else node.index.replace("T", "")
    a, b = (place.summand(o, env, node.type) for o in node.operands)
    return np.einsum(index, a, b, optimize=max(np.size(a), np.size(b)) > _PLAN_FROM)


def _reduce(node: Reduce, env: Mapping[str, Any], place: Place) -> Array:
    axes, kept = place.axes(node.a), place.here(node.type)
    over = tuple(k for k, a in enumerate(axes) if a not in kept)
    if node.op == "sum":
        return np.sum(place.summand(node.a, env, node.type), axis=over)
    return np.max(place.summand(node.a, env, node.type, -np.inf), axis=over)


def _part(node: Slice | Transpose | BlockDiagonal | DiagonalBlocks | Gather, env: Mapping[str, Any], place: Place) -> Array:
    whole: Array = np.asarray(env[node.a])
    match node:
        case Slice():
            return _slice(node, whole, place)
        case Transpose():
            return whole.T
        case BlockDiagonal():
            return block_diagonal(whole)
        case DiagonalBlocks():
            return diagonal_blocks(whole, int(node.type[0]))
        case Gather():
            index = place.masked(env[node.index], place.types[node.index]).astype(np.int64)
            return whole.T[index]


def _slice(node: Slice, whole: Array, place: Place) -> Array:
    lengths = [place.sizes.length(s) for s in size_names(place.types[node.a][-1])]
    start = sum(lengths[: node.part])
    return whole[..., start : start + lengths[node.part]]


def _scatter_add(node: ScatterAdd, env: Mapping[str, Any], place: Place) -> Array:
    index = place.masked(env[node.index], place.types[node.index]).astype(np.int64)
    return scatter_add(place.summand(node.a, env, node.type), index, place.sizes.length(node.type[1]))
