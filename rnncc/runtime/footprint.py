"""How much memory arrays hold."""

from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from rnncc.runtime.library import owner_of


def held_bytes(arrays: Iterable[NDArray[Any]]) -> int:
    """Bytes that `arrays` keep alive: memory that several of them view counts once, and whole where they view a part."""
    owners = [owner_of(a) for a in arrays]
    return sum({id(owner): owner.nbytes for owner in owners}.values())
