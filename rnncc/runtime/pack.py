"""Weights packed for the register tile.

A phase's sums are numbered a = 0 … A-1; units come in blocks of one vector. Vectors are ordered block by block, sum by sum, and cut
into chunks of `ISA.vectors`; `group_blocks` blocks make a group. All sums of a last block of few units lie in one vector, side by
side, where they fit into it (`runtime.compiled.lanes_apart`). Units beyond the last are zero.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.aligned import empty
from rnncc.runtime.arrays import padded
from rnncc.runtime.bfloat16 import paired
from rnncc.runtime.blocks import block_diagonal
from rnncc.runtime.compiled import filled, kernel, lanes_apart, repeated
from rnncc.runtime.counts import least
from rnncc.runtime.enlist import dismiss, enlist
from rnncc.runtime.frozen import PANELS, Panel, Term
from rnncc.runtime.multiply import prepare
from rnncc.runtime.share import shares
from rnncc.runtime.simd.fill_tile import ABREAST
from rnncc.runtime.simd.isa import ISA, lanes_of
from rnncc.runtime.simd.memory import lanes, load, store
from rnncc.runtime.simd.panel import DEPTH
from rnncc.runtime.simd.turn import turn
from rnncc.runtime.spin import LINE

if TYPE_CHECKING:
    from rnncc.runtime.record import Record

Array = NDArray[np.floating]
_NOBODY = np.zeros((0, 2 * LINE), np.int64)


def group_blocks(*sums: int) -> int:
    """How many unit blocks make a group: whole chunks, `ABREAST` or more, in every panel; `sums` holds the number of sums of each."""
    whole = ISA.vectors * ABREAST
    return math.lcm(*(whole // math.gcd(a, whole) for a in sums))


def pack(sums: Sequence[Sequence[Array]], record: "Record | None" = None, depth: int = 1) -> Array:
    """The packed weight of one panel.

    Parameters
    ----------
    sums
        For each sum its matrices (units, K_o), one an operand; transposed views are fine.
    record
        Takes down what fills it, instead of doing it.
    depth
        The K_o of each operand is filled up to a multiple of it, with zeros.

    Returns
    -------
    (chunks, ΣK_o, ISA.vectors * lanes), C-contiguous.
    """
    first = sums[0]
    units, dtype = first[0].shape[0], first[0].dtype
    prepare(dtype)
    width = lanes_of(dtype)
    blocks, vectors = -(-units // width), filled(units, width, len(sums))
    chunks = -(-vectors // (ISA.vectors * ABREAST)) * ABREAST
    deep = [-(-m.shape[1] // depth) * depth for m in first]
    panel = empty((chunks, sum(deep), ISA.vectors * width), dtype)
    panel[units // width * len(sums) // ISA.vectors :] = 0
    for a, matrices in enumerate(sums):
        start = 0
        for m, whole in zip(matrices, deep, strict=True):
            panel[:, start + m.shape[1] : start + whole] = 0
            turned = m.strides[0] == m.itemsize
            arguments = (panel, m.T if turned else m, turned, a, len(sums), start)
            if record is None:
                _place(0, _NOBODY, np.array([0, blocks]), *arguments)
            else:
                record.call(_place, shares(blocks, record.threads), *arguments, writes=[panel])
            start += whole
    return panel


def packed(env: Mapping[str, Any], sums: Sequence[tuple[Term, ...]]) -> Panel:
    """As `packed_arrays`, of matrices that are parameters in `env`: kept for further calls as long as the parameters are unchanged."""
    panels = env.get(PANELS)
    if panels is None:
        return _packed(env, sums)
    return panels.get(tuple(sums), lambda: _packed(env, sums, panels.record))


def in_vectors(env: Mapping[str, Any], name: str) -> Array:
    """`runtime.arrays.padded` of a parameter in `env`: what is made is kept as `packed` keeps it."""
    given, panels = env[name], env.get(PANELS)
    if panels is None or given.shape[-1] % lanes_of(given.dtype) == 0:
        return padded(given)
    return panels.get(((f"{name} in vectors",),), lambda: _widened(given, panels.record))  # no panel has spaces in its name


def _widened(given: Array, record: "Record | None") -> Array:
    wide = padded(given)
    if record is not None:
        record.copy(wide[..., : given.shape[-1]], given)
    return wide


def packed_arrays(env: Mapping[str, Any], sums: Sequence[Sequence[Array]]) -> Panel:
    """`pack` of matrices that were computed, in the form in which `env` asks for its weights."""
    return _in_form(env, sums)


def _packed(env: Mapping[str, Any], sums: Sequence[tuple[Term, ...]], record: "Record | None" = None) -> Panel:
    return _in_form(env, [[matrix_of(env, term) for term in terms] for terms in sums], record)


def _in_form(env: Mapping[str, Any], sums: Sequence[Sequence[Array]], record: "Record | None" = None) -> Panel:
    return paired(pack(sums, record, DEPTH)) if PANELS in env and env[PANELS].bfloat16 else pack(sums, record)


def matrix_of(env: Mapping[str, Any], term: Term) -> Array:
    """The matrix that `term` names in `env`: a view, but of blocks (B, r, c) the matrix that has them along its diagonal."""
    name, *columns = (term,) if isinstance(term, str) else term
    given: Array = env[name.removesuffix(".T")]
    whole = block_diagonal(given) if given.ndim == 3 else given
    part = whole[:, slice(*columns)] if columns else whole
    return part.T if name.endswith(".T") else part


@kernel
def _place(part, posts, bounds, panel, matrix, turned, a, sums, start):  # type: ignore[no-untyped-def]
    """One part of the blocks of units of a matrix (units, K) into rows [start, start + K) of `panel`, at the vectors of sum `a`.

    `turned`: the matrix is given as (K, units).
    """
    enlist(part, posts)
    width = lanes(panel)
    rows, columns = matrix.shape
    units, inner = (columns, rows) if turned else (rows, columns)
    for block in range(bounds[part], bounds[part + 1]):
        unit = block * width
        own = least(units - unit, width)
        lane_of_all = block * sums * width + a * lanes_apart(own, width, sums)
        chunk, at = lane_of_all // panel.shape[2], lane_of_all % panel.shape[2]
        done = _place_vectors(panel, chunk, start, at, matrix, turned, unit) if own == width else 0
        for k in range(done, inner):
            for lane in range(own):
                if turned:
                    panel[chunk, start + k, at + lane] = matrix[k, unit + lane]
                else:
                    panel[chunk, start + k, at + lane] = matrix[unit + lane, k]
    dismiss(part, posts)


@repeated
def _place_vectors(panel, chunk, start, at, matrix, turned, unit):  # type: ignore[no-untyped-def]
    """One vector of units of the matrix, as far as vectors of it serve for that; how many of K are placed."""
    width = lanes(panel)
    if matrix.strides[1] != matrix.itemsize:
        return 0
    if turned:
        for k in range(matrix.shape[0]):
            store(load(matrix, k, unit), panel, chunk, start + k, at)
        return matrix.shape[0]
    whole = matrix.shape[1] // width * width
    for k in range(0, whole, width):
        turn(matrix, unit, k, panel, chunk, start + k, at)
    return whole
