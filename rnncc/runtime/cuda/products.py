"""Products of whole sequences, through the array library."""

from collections.abc import Mapping, Sequence
from typing import Any

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
        Holds the parameters, and says whether products read them rounded to bfloat16.
    sums
        For each accumulator its matrices (units, K_o), one an operand: by name, as `pack.packed` takes them, or as arrays.
    operands
        Streams (T, N, K_o or more).

    Returns
    -------
    For each accumulator an array (T, N, units) of its own. Past a sequence's end it holds anything.
    """
    flat = [operand.reshape(sweep.steps * sweep.batch, operand.shape[2]) for operand in operands]
    made = (_sum([_weight(env, t) for t in terms], flat) for terms in sums)
    return [sum_.reshape(sweep.steps, sweep.batch, sum_.shape[1]) for sum_ in made]


def _sum(weights: Sequence[Array], rows: Sequence[Array]) -> Array:
    """Σ rows @ weightᵀ."""
    products = (r[:, : w.shape[1]] @ w.T for w, r in zip(weights, rows, strict=True))
    total = next(products)
    for product in products:
        total += product
    return total


def _weight(env: Mapping[str, Any], term: Any) -> Array:
    """A matrix, with the numbers that a panel of bfloat16 would hold, where `env` asks for that."""
    matrix: Array = matrix_of(env, term) if isinstance(term, str | tuple) else term
    asked = PANELS in env and env[PANELS].bfloat16 and matrix.dtype.name == "float32"
    return of_bfloat16(bfloat16(matrix)) if asked else matrix
