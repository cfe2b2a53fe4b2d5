"""The affine head: every step's vector times one matrix."""

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from rnncc.errors import ArgumentError
from rnncc.train import check
from rnncc.train.gradient import Array, Gradient


class Dense:
    """y = x Wᵀ + b over the last axis.

    Parameters
    ----------
    inputs, outputs
        I and O; 1 or more.
    dtype
        float32 or float64, of parameters, inputs and results.
    seed
        Parameters start from U(±1/√I), as PyTorch's `Linear`; None draws entropy.

    Attributes
    ----------
    params : dict
        `W` (O, I) and `b` (O,); write to them in place.
    """

    def __init__(self, inputs: int, outputs: int, *, dtype: DTypeLike = "float32", seed: int | None = None) -> None:
        if inputs < 1 or outputs < 1:
            raise ArgumentError(f"Dense({inputs}, {outputs}): both sizes must be 1 or more")
        self.dtype = check.float_dtype(dtype)
        bound, draw = inputs**-0.5, np.random.default_rng(seed).uniform
        self.params: dict[str, Array] = {
            "W": draw(-bound, bound, (outputs, inputs)).astype(self.dtype),
            "b": draw(-bound, bound, outputs).astype(self.dtype),
        }

    def __call__(self, x: Array) -> Array:
        """`x` (…, I) to (…, O).

        Raises
        ------
        ShapeError, DtypeError
            `x` does not fit.
        """
        weight = self.params["W"]
        check.last_axis(x, weight.shape[1], self.dtype, "x")
        y = x.reshape(-1, weight.shape[1]) @ weight.T
        y += self.params["b"]
        return y.reshape(*x.shape[:-1], weight.shape[0])

    def vjp(self, x: Array) -> tuple[Array, Callable[[Array], Gradient]]:
        """y and the pullback of its cotangent; the pullback keeps `x`, which must stay as it is until then."""
        y, weight = self(x), self.params["W"].copy()

        def pullback(dy: Array) -> Gradient:
            check.same_shape(dy.shape, y.shape, "dy")
            rows, seeds = x.reshape(-1, weight.shape[1]), dy.reshape(-1, weight.shape[0])
            return Gradient((seeds @ weight).reshape(x.shape), {"W": seeds.T @ rows, "b": seeds.sum(0)})

        return y, pullback
