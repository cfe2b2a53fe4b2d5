"""First values of parameters. All are drawn in float64, so that the same seed gives the same weights in every dtype."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rnncc.errors import ArgumentError
from rnncc.runtime.cell_info import Parameter
from rnncc.runtime.keywords import suggestion

Drawn = NDArray[np.float64]
Shape = tuple[int, ...]
Initialiser = Callable[[np.random.Generator, Shape], Drawn]


def _fans(shape: Shape) -> tuple[int, int]:
    """Columns and rows; a vector counts as a diagonal."""
    return (math.prod(shape[1:]), shape[0]) if len(shape) > 1 else (math.prod(shape), math.prod(shape))


def _xavier_uniform(rng: np.random.Generator, shape: Shape) -> Drawn:
    """U(±√(6 / (fan_in + fan_out))) (Glorot & Bengio 2010, eq. 16)."""
    bound = math.sqrt(6 / sum(_fans(shape)))
    return rng.uniform(-bound, bound, shape)


def _xavier_normal(rng: np.random.Generator, shape: Shape) -> Drawn:
    """N(0, 2 / (fan_in + fan_out)) (Glorot & Bengio 2010)."""
    return math.sqrt(2 / sum(_fans(shape))) * rng.standard_normal(shape)


def _orthogonal(rng: np.random.Generator, shape: Shape) -> Drawn:
    """Rows or columns orthonormal, whichever are fewer (Saxe, McClelland & Ganguli 2014)."""
    rows, columns = (shape[0], math.prod(shape[1:])) if len(shape) > 1 else (1, math.prod(shape))
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # makes the draw uniform over the orthogonal group
    return (q if rows >= columns else q.T).reshape(shape)


def _identity(_rng: np.random.Generator, shape: Shape) -> Drawn:
    """The identity matrix (Le, Jaitly & Hinton 2015)."""
    return np.eye(shape[0], math.prod(shape[1:])).reshape(shape)


INITIALISERS: dict[str, Initialiser] = {
    "zeros": lambda _rng, shape: np.zeros(shape),
    "ones": lambda _rng, shape: np.ones(shape),
    "identity": _identity,
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "xavier_uniform": _xavier_uniform,
    "xavier_normal": _xavier_normal,
    "orthogonal": _orthogonal,
}
"""What a spec can name as `init=`."""


def draw(parameter: Parameter, shape: Shape, hidden: int, rng: np.random.Generator) -> Drawn:
    """First value of `parameter`.

    Parameters
    ----------
    parameter
        Its `init` says how; None is U(±1/√hidden), as in PyTorch.
    shape
        Its sizes.
    hidden
        H.
    rng
        Advanced by what is drawn.

    Returns
    -------
    NDArray
        Float64 of `shape`.
    """
    match parameter.init:
        case None:
            bound = 1 / math.sqrt(hidden)
            return rng.uniform(-bound, bound, shape)
        case float() | int():
            return np.full(shape, float(parameter.init))
        case str() if parameter.init in INITIALISERS:
            each = shape[1:] if parameter.blocks > 1 else shape
            return np.stack([INITIALISERS[parameter.init](rng, each) for _ in range(parameter.blocks)]).reshape(shape)
        case _:
            known = suggestion(str(parameter.init), INITIALISERS)
            raise ArgumentError(f"parameter {parameter.name}: unknown initialiser {parameter.init!r}{known}")
