"""Random masks of a cell, drawn for the kernels; what depends on seed, key, layer, direction and mask alone is drawn alike anywhere."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.cell_info import CellInfo, RandomMask
from rnncc.runtime.dropout import uniform
from rnncc.runtime.geometry import Geometry, Place
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import placed


@dataclass(frozen=True)
class CellMasks:
    """The random masks of one call, per place. Any steps of them can be drawn alone.

    Parameters
    ----------
    rates
        Mask -> probability of a 1.
    seed, key
        What the generator counts from; `key` None: every mask is its rate.
    dtype
        Of the masks.
    order
        (N,) which row of the caller stands at each row of the kernels; None: the same.
    library
        Whose arrays they are. They are drawn on the host for any.
    """

    rates: Mapping[str, float]
    seed: int
    key: int | None
    dtype: np.dtype[Any]
    order: NDArray[np.int64] | None = None
    library: ModuleType = np

    def between(self, geometry: Geometry, place: Place, first: int, last: int, rows: int) -> dict[str, Array]:
        """The masks that the kernels of `place` read in the steps [first, last): name -> (steps, N, *axes), (N, *axes) or (*axes)."""
        masks = geometry.cell.masks
        found = {}
        for number, mask in enumerate(masks, 1):
            units = geometry.shape(mask.axes, place.layer)
            leading = {"step": (last - first, rows), "sequence": (rows,), "call": ()}[mask.per]
            skipped = first * rows * math.prod(units) if mask.per == "step" else 0
            drawn = self._drawn(mask, (*leading, *units), (number, int(place.reverse), place.layer), skipped)
            found[mask.name] = placed(self.library, drawn)
        return found

    def _drawn(self, mask: RandomMask, shape: tuple[int, ...], stream: tuple[int, int, int], skipped: int) -> Array:
        rate = self.rates[mask.name]
        if self.key is None:
            return np.full(shape, rate, self.dtype)
        drawn = uniform(self.seed, self.key, stream, skipped, math.prod(shape)).reshape(shape)
        made = (drawn < np.float32(rate)).astype(self.dtype)
        if self.order is None or mask.per == "call":
            return made
        return made[:, self.order] if mask.per == "step" else made[self.order]


def mask_rates(cell: CellInfo, constants: Mapping[str, float]) -> dict[str, float]:
    """Mask -> probability of a 1."""
    return {m.name: constants[m.rate] if isinstance(m.rate, str) else m.rate for m in cell.masks}
