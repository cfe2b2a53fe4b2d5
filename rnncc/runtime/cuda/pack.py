"""As `runtime.pack`, on a device: weights in groups of units, in which a block of threads finds what it multiplies.

A panel is (groups, accumulators, UNITS, row): the row of a unit holds the columns of its operands one after the other, each operand
padded to whole chunks, and is as long as keeps a block's shared memory free of conflicts. What is padded is zero.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rnncc.runtime.cuda.arrays import padded, whole_chunks
from rnncc.runtime.cuda.blocks import block_diagonal
from rnncc.runtime.cuda.constants import UNITS, row_stride
from rnncc.runtime.cuda.rounding import bfloat16, tf32
from rnncc.runtime.frozen import PANELS, Panel, Term
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import library_of


def packed(env: Mapping[str, Any], sums: Sequence[tuple[Term, ...]]) -> Panel:
    """As `packed_arrays`, of matrices that are parameters in `env`: kept for further calls as long as the parameters are unchanged."""
    panels = env.get(PANELS)
    if panels is None:
        return _packed(env, sums)
    return panels.get(tuple(sums), lambda: _packed(env, sums))


def in_vectors(env: Mapping[str, Any], name: str) -> Array:
    """`runtime.cuda.arrays.padded` of a parameter in `env`: what is made is kept as `packed` keeps it."""
    given, panels = env[name], env.get(PANELS)
    if panels is None or whole_chunks(given.shape[-1]) == given.shape[-1]:
        return padded(given)
    return panels.get(((f"{name} in vectors",),), lambda: padded(given))  # no panel has spaces in its name


def packed_arrays(env: Mapping[str, Any], sums: Sequence[Sequence[Array]]) -> Panel:
    """The panel of `sums`, in the form in which `env` asks for its weights.

    Parameters
    ----------
    sums
        For each accumulator its matrices (units, K_o), one an operand; transposed views are fine.

    Returns
    -------
    (groups, accumulators, UNITS, row), C-contiguous, of the matrices' dtype; uint32 that hold TF32, or uint16 that hold bfloat16.
    """
    panels = env.get(PANELS)
    dtype = sums[0][0].dtype
    if panels is None or dtype.name != "float32":
        return _pack(sums, dtype)
    if panels.bfloat16:
        return bfloat16(_pack(sums, "uint16"))
    return tf32(_pack(sums, "uint32")) if panels.tf32 else _pack(sums, dtype)


def _packed(env: Mapping[str, Any], sums: Sequence[tuple[Term, ...]]) -> Panel:
    return packed_arrays(env, [[matrix_of(env, term) for term in terms] for terms in sums])


def matrix_of(env: Mapping[str, Any], term: Term) -> Array:
    """The matrix that `term` names in `env`: a view, but of blocks (B, r, c) the matrix that has them along its diagonal."""
    name, *columns = (term,) if isinstance(term, str) else term
    given: Array = env[name.removesuffix(".T")]
    whole = block_diagonal(given) if given.ndim == 3 else given
    part = whole[:, slice(*columns)] if columns else whole
    return part.T if name.endswith(".T") else part


def _pack(sums: Sequence[Sequence[Array]], form: Any) -> Array:
    """`sums` in their own dtype, with rows as long as a panel of `form` has them."""
    first = sums[0][0]
    units, groups = first.shape[0], -(-first.shape[0] // UNITS)
    row = row_stride(sum(whole_chunks(m.shape[1]) for m in sums[0]), form)
    by_unit = library_of(first).zeros((len(sums), groups * UNITS, row), first.dtype)
    for a, matrices in enumerate(sums):
        start = 0
        for m in matrices:
            by_unit[a, :units, start : start + m.shape[1]] = m
            start += whole_chunks(m.shape[1])
    grouped = by_unit.reshape(len(sums), groups, UNITS, row).swapaxes(0, 1)
    return library_of(first).ascontiguousarray(grouped)
