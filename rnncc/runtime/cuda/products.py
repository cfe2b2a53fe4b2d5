"""Products of whole sequences, through the array library."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnncc.runtime.cuda.gemm import product
from rnncc.runtime.cuda.pack import matrix_of
from rnncc.runtime.cuda.rounding import bfloat16, of_bfloat16
from rnncc.runtime.frozen import PANELS
from rnncc.runtime.kernels import Array
from rnncc.runtime.sweep import Sweep


def whole_products(sweep: Sweep, env: Mapping[str, Any], sums: Sequence[Sequence[Any]], operands: Sequence[Array]) -> list[Array]:
    """The sums of a phase without a carry, of every step.

    Parameters
    ----------
    sweep
        T and N.
    env
        Holds the parameters, and says whether products read them rounded to bfloat16, all of which TF32 has.
    sums
        For each accumulator its matrices (units, K_o), one an operand: by name, as `pack.packed` takes them, or as arrays.
    operands
        Streams (T, N, K_o or more).

    Returns
    -------
    For each accumulator an array (T, N, units) of its own. Past a sequence's end it holds anything.
    """
    flat = [operand.reshape(sweep.steps * sweep.batch, operand.shape[2]) for operand in operands]
    tf32 = sweep.tf32 or _asks_for_bfloat16(env)
    made = (_sum([_weight(env, t) for t in terms], flat, tf32) for terms in sums)
    return [sum_.reshape(sweep.steps, sweep.batch, sum_.shape[1]) for sum_ in made]


def _sum(weights: Sequence[Array], rows: Sequence[Array], tf32: bool) -> Array:
    """Σ rows @ weightᵀ."""
    products = (product(r[:, : w.shape[1]], w.T, tf32) for w, r in zip(weights, rows, strict=True))
    total = next(products)
    for further in products:
        total += further
    return total


def _weight(env: Mapping[str, Any], term: Any) -> Array:
    """A matrix; where `env` asks for bfloat16 the numbers that a panel of it would hold, kept as `pack.packed` keeps it."""
    named = isinstance(term, str | tuple)
    matrix: Array = matrix_of(env, term) if named else term
    if not _asks_for_bfloat16(env) or matrix.dtype.name != "float32":
        return matrix
    if not named:
        return of_bfloat16(bfloat16(matrix))
    key = f"{term} in bfloat16"  # no panel is packed from what has spaces in its name
    kept: Array = env[PANELS].get(((key,),), lambda: of_bfloat16(bfloat16(matrix)))
    return kept


def _asks_for_bfloat16(env: Mapping[str, Any]) -> bool:
    return PANELS in env and bool(env[PANELS].bfloat16)
