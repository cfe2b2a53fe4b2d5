"""Layers on top of one another on a device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rnncc.runtime.cuda.apart import apart
from rnncc.runtime.stack import Stack

R = TypeVar("R")


@dataclass(frozen=True)
class DeviceStack(Stack):
    """As `Stack`; the two directions of a layer run at once."""

    def _each(self, works: Sequence[Callable[[], R]]) -> list[R]:
        return apart(works) if len(works) == 2 else [work() for work in works]
