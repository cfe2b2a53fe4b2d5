"""Products of whole sequences: one large matrix product an operand, through the array library."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnncc.runtime.cuda.pack import matrix_of
from rnncc.runtime.cuda.rounding import bfloat16, of_bfloat16
from rnncc.runtime.frozen import PANELS
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import library_of
from rnncc.runtime.sweep import Sweep

_BESIDE = "side by side"
"""What the keys of these weights begin with among the panels: no name of a cell has spaces."""


def whole_products(sweep: Sweep, env: Mapping[str, Any], sums: Sequence[Sequence[Any]], operands: Sequence[Array]) -> Array:
    """The sums of a phase without a carry, of every step.

    Parameters
    ----------
    sweep
        T and N.
    env
        Holds the parameters, and keeps the weights of all sums side by side as long as those are unchanged.
    sums
        For each accumulator its matrices (units, K_o), one an operand: by name, as `pack.packed` takes them, or as arrays.
    operands
        Streams (T, N, K_o or more), zero beyond their columns.

    Returns
    -------
    (T, N, accumulators, units). Past a sequence's end it holds anything.
    """
    rows = sweep.steps * sweep.batch
    parts = (
        operand.reshape(rows, operand.shape[2]) @ _beside(env, [terms[k] for terms in sums], operand.shape[2]).T
        for k, operand in enumerate(operands)
    )
    total = next(parts)
    for part in parts:
        total += part
    return total.reshape(sweep.steps, sweep.batch, len(sums), -1)


def _beside(env: Mapping[str, Any], terms: Sequence[Any], width: int) -> Array:
    """The matrices of one operand of `width` columns: (accumulators * units, width)."""
    panels = env.get(PANELS)
    if not all(isinstance(t, str | tuple) for t in terms):
        return _rounded(env, _stacked(terms, width))
    if panels is None:
        return _stacked([matrix_of(env, t) for t in terms], width)
    key = ((_BESIDE, f"{width} columns"), tuple(terms))
    return panels.get(key, lambda: _rounded(env, _stacked([matrix_of(env, t) for t in terms], width)))


def _stacked(matrices: Sequence[Array], width: int) -> Array:
    units, columns = matrices[0].shape
    made = library_of(matrices[0]).zeros((len(matrices), units, width), matrices[0].dtype)
    for k, matrix in enumerate(matrices):
        made[k, :, :columns] = matrix
    return made.reshape(len(matrices) * units, width)


def _rounded(env: Mapping[str, Any], weights: Array) -> Array:
    """`weights` with the numbers that a panel of bfloat16 would hold, where `env` asks for that."""
    asked = PANELS in env and env[PANELS].bfloat16 and weights.dtype.name == "float32"
    return of_bfloat16(bfloat16(weights)) if asked else weights
