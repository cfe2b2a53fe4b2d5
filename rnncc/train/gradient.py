"""What a pullback gives back."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Gradient:
    """Cotangents of one part.

    Parameters
    ----------
    x
        That of the part's input, of its shape and dtype; None where the input is an integer index.
    params
        Those of its parameters, by the same names; new arrays.
    """

    x: Array | None
    params: dict[str, Array]


def merge(**parts: dict[str, Array]) -> dict[str, Array]:
    """One dict over several parts' parameters or gradients, the very same arrays.

    >>> sorted(merge(head={"W": W}, layer={"l0.W_i": W_i}))
    ['head.W', 'layer.l0.W_i']
    """
    return {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}
