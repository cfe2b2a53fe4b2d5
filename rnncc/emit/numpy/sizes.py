"""How long each axis is, read off the arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnncc.errors import ShapeError
from rnncc.ir import COLUMNS, Axes, Program
from rnncc.runtime.blocks import axis_length


class Sizes:
    """Axis -> length, for one run of a program.

    Parameters
    ----------
    program, env
        The program, and its inputs by name.
    known
        Sizes that no array shows.

    Raises
    ------
    ShapeError
        An array has another rank than its type, or two arrays disagree about an axis.
    """

    def __init__(self, program: Program, env: Mapping[str, Any], known: Mapping[str, int]) -> None:
        self._sizes = dict(known)
        for i in program.inputs:
            if i.name in env:
                self._read(i.name, i.type, np.shape(env[i.name]))

    def _read(self, name: str, axes: Axes, shape: tuple[int, ...]) -> None:
        if len(axes) != len(shape):
            raise ShapeError(f"{name} has shape {shape}, expected one length for each of the axes ({', '.join(axes)})")
        for axis, length in zip((a.removesuffix(COLUMNS) for a in axes), shape, strict=True):
            expected = int(axis) if axis.isdigit() else self._sizes.setdefault(axis, length)
            if expected != length:
                raise ShapeError(f"{name} has {length} along {axis}, expected {expected} as elsewhere")

    def length(self, axis: str) -> int:
        """The length of `axis`; that of `"a+b"` is the sum of both."""
        plain = axis.removesuffix(COLUMNS)
        if plain in self._sizes:
            return self._sizes[plain]
        if plain.isidentifier():
            raise ShapeError(f"no array shows how long the axis {axis} is: pass it in sizes=")
        return axis_length(plain, self.length)

    def shape(self, axes: Axes) -> tuple[int, ...]:
        """The shape of an array of type `axes`."""
        return tuple(self.length(a) for a in axes)
