"""Products of whole sequences, through the array library."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rnncc.runtime.cuda.gemm import product
from rnncc.runtime.cuda.pack import matrix_of
from rnncc.runtime.cuda.rounding import bfloat16, of_bfloat16
from rnncc.runtime.frozen import PANELS
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import library_of
from rnncc.runtime.sweep import Sweep


def whole_products(sweep: Sweep, env: Mapping[str, Any], sums: Sequence[Sequence[Any]], operands: Sequence[Array]) -> Array:
    """The sums of a phase without a carry, of every step: of each operand one product with all of its matrices.

    Parameters
    ----------
    sweep
        T and N.
    env
        Holds the parameters, and says whether products read them rounded to bfloat16, all of which TF32 has.
    sums
        For each accumulator its matrices (units, K_o), one an operand or a part of one: by name, as `pack.packed` takes them, or as
        arrays.
    operands
        Streams (T, N, K_o or more), or (T, N, parts, K_o or more) of several side by side.

    Returns
    -------
    (T, N, accumulators, units), C-contiguous. Past a sequence's end it holds anything.
    """
    products = _products(sweep, env, sums, operands)
    total = next(products)
    for further in products:
        total += further
    return total.reshape(sweep.steps, sweep.batch, len(sums), total.shape[1] // len(sums))


def _products(sweep: Sweep, env: Mapping[str, Any], sums: Sequence[Sequence[Any]], operands: Sequence[Array]) -> Iterator[Array]:
    """For each operand (T * N, accumulators * units)."""
    done = 0
    for operand in operands:
        parts, wide = operand.shape[2:] if operand.ndim == 4 else (1, None)
        weight = _weight(env, [terms[done : done + parts] for terms in sums], wide)
        rows = operand.reshape(sweep.steps * sweep.batch, math.prod(operand.shape[2:]))
        yield product(rows[:, : weight.shape[1]], weight.T, sweep.tf32 or _asks_for_bfloat16(env))
        done += parts


def _weight(env: Mapping[str, Any], sums: Sequence[Sequence[Any]], wide: int | None) -> Array:
    """The matrix (accumulators * units, columns) of all matrices of one operand, those of each of its parts in `wide` columns.

    What is made for it is kept as `pack.packed` keeps it; a matrix by itself is read where it is.
    """
    named = all(isinstance(term, str | tuple) for terms in sums for term in terms)
    by_itself = len(sums) == 1 and wide is None and not _asks_for_bfloat16(env)
    if not named or by_itself or PANELS not in env:
        return _matrix(env, sums, wide)
    key = f"{sums} as one"  # no panel is packed from what has spaces in its name
    kept: Array = env[PANELS].get(((key,),), lambda: _matrix(env, sums, wide))
    return kept


def _matrix(env: Mapping[str, Any], sums: Sequence[Sequence[Any]], wide: int | None) -> Array:
    """As `_weight`; where `env` asks for bfloat16 the numbers that a panel of it would hold."""
    matrices = [[matrix_of(env, term) if isinstance(term, str | tuple) else term for term in terms] for terms in sums]
    whole: Array = matrices[0][0] if len(matrices) == 1 and wide is None else _joined(matrices, wide)
    rounded = _asks_for_bfloat16(env) and whole.dtype.name == "float32"
    return of_bfloat16(bfloat16(whole)) if rounded else whole


def _joined(matrices: Sequence[Sequence[Array]], wide: int | None) -> Array:
    """`matrices` (accumulators, parts) of one shape as one, zeros where columns are missing."""
    units, columns = matrices[0][0].shape
    shape = (len(matrices), units, len(matrices[0]), columns if wide is None else wide)
    made = library_of(matrices[0][0]).zeros(shape, matrices[0][0].dtype)
    for a, terms in enumerate(matrices):
        for part, matrix in enumerate(terms):
            made[a, :, part, :columns] = matrix
    return made.reshape(shape[0] * units, shape[2] * shape[3])


def _asks_for_bfloat16(env: Mapping[str, Any]) -> bool:
    return PANELS in env and bool(env[PANELS].bfloat16)
