"""How much memory arrays hold."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def held_bytes(arrays: Iterable[NDArray[Any]]) -> int:
    """Bytes that `arrays` keep alive: memory that several of them view counts once, and whole where they view a part."""
    owners = [_owner(a) for a in arrays]
    return sum({id(owner): owner.nbytes for owner in owners}.values())


def _owner(array: NDArray[Any]) -> NDArray[Any]:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
