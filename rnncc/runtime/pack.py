"""Weights packed for the register tile.

A phase's sums are numbered a = 0 … A-1; units come in blocks of one vector. Vectors are ordered block by block, sum by sum, and cut
into chunks of `ISA.vectors`; `group_blocks` blocks make a group. Units beyond the last are zero.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.bfloat16 import paired
from rnncc.runtime.blocks import block_diagonal
from rnncc.runtime.compiled import kernel
from rnncc.runtime.frozen import PANELS, Panel, Term
from rnncc.runtime.simd.isa import ISA, lanes_of
from rnncc.runtime.simd.memory import lanes
from rnncc.runtime.simd.product import ABREAST

Array = NDArray[np.floating]


def group_blocks(*sums: int) -> int:
    """How many unit blocks make a group: whole chunks, `ABREAST` or more, in every panel; `sums` holds the number of sums of each."""
    whole = ISA.vectors * ABREAST
    return math.lcm(*(whole // math.gcd(a, whole) for a in sums))


def pack(sums: Sequence[Sequence[Array]]) -> Array:
    """The packed weight of one panel.

    Parameters
    ----------
    sums
        For each sum its matrices (units, K_o), one an operand; transposed views are fine.

    Returns
    -------
    (chunks, ΣK_o, ISA.vectors * lanes), C-contiguous.
    """
    first = sums[0]
    units, dtype = first[0].shape[0], first[0].dtype
    blocks = -(-units // lanes_of(dtype))
    filled = len(sums) * blocks // ISA.vectors
    chunks = -(-len(sums) * blocks // (ISA.vectors * ABREAST)) * ABREAST
    panel = np.empty((chunks, sum(m.shape[1] for m in first), ISA.vectors * lanes_of(dtype)), dtype)
    panel[filled:] = 0
    for a, matrices in enumerate(sums):
        start = 0
        for m in matrices:
            _place(panel, blocks, m, a, len(sums), start)
            start += m.shape[1]
    return panel


def packed(env: Mapping[str, Any], sums: Sequence[tuple[Term, ...]]) -> Panel:
    """As `packed_arrays`, of matrices that are parameters in `env`: kept for further calls as long as the parameters are unchanged."""
    panels = env.get(PANELS)
    if panels is None:
        return _packed(env, sums)
    return panels.get(tuple(sums), lambda: _packed(env, sums))


def packed_arrays(env: Mapping[str, Any], sums: Sequence[Sequence[Array]]) -> Panel:
    """`pack` of matrices that were computed, in the form in which `env` asks for its weights."""
    panel = pack(sums)
    return paired(panel) if PANELS in env and env[PANELS].bfloat16 else panel


def _packed(env: Mapping[str, Any], sums: Sequence[tuple[Term, ...]]) -> Panel:
    return packed_arrays(env, [[matrix_of(env, term) for term in terms] for terms in sums])


def matrix_of(env: Mapping[str, Any], term: Term) -> Array:
    """The matrix that `term` names in `env`: a view, but of blocks (B, r, c) the matrix that has them along its diagonal."""
    name, *columns = (term,) if isinstance(term, str) else term
    given: Array = env[name.removesuffix(".T")]
    whole = block_diagonal(given) if given.ndim == 3 else given
    part = whole[:, slice(*columns)] if columns else whole
    return part.T if name.endswith(".T") else part


@kernel
def _place(panel, blocks, matrix, a, sums, start):  # type: ignore[no-untyped-def]
    """One matrix (units, K) into rows [start, start + K) of `panel`, at the vectors of sum `a`."""
    width = lanes(panel)
    units, inner = matrix.shape
    vectors = panel.shape[2] // width
    for block in range(blocks):
        vector = block * sums + a
        chunk, at = vector // vectors, (vector % vectors) * width
        unit = block * width
        if unit + width <= units:
            for k in range(inner):
                for lane in range(width):
                    panel[chunk, start + k, at + lane] = matrix[unit + lane, k]
        else:
            for k in range(inner):
                for lane in range(width):
                    panel[chunk, start + k, at + lane] = matrix[unit + lane, k] if unit + lane < units else 0
