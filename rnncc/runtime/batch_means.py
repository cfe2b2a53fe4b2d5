"""Means over a batch: those of a call in training, and the parameters that follow them."""

from collections.abc import Mapping, MutableMapping
from types import ModuleType
from typing import TYPE_CHECKING

from rnncc.errors import ArgumentError
from rnncc.runtime.cell_info import TRAINING, CellInfo
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.kernels import Array
from rnncc.runtime.keywords import number, suggestion

if TYPE_CHECKING:
    from rnncc.runtime.stack import Stack, Tape


def refuse_segments(cell: CellInfo, **asked: int | None) -> None:
    """Raise `ArgumentError` where time is to be cut, as `asked` for by keyword, and the cell reads means over all of it."""
    for name, value in asked.items():
        if cell.batch_means and value is not None:
            means = ", ".join(m.name for m in cell.batch_means)
            raise ArgumentError(
                f"{name}={value}: {cell.name} reads means over all steps of a batch ({means}), and what a piece of time gives would "
                f"depend on where it is cut; leave it out, or cut the sequences into batches of their own"
            )


def means_of(stack: "Stack", tape: "Tape") -> dict[str, Array]:
    """`l0.mean` … -> the mean that a call read of its batch; empty where it read parameters, or no step is alive."""
    cell, found = stack.geometry.cell, dict[str, Array]()
    if not stack.constants.get(TRAINING) or not stack.sweep.live().any():
        return found
    for level in tape:
        for strand, kept in ((s, t.kept[0]) for s, t in zip(level.strands, level.tapes, strict=True)):
            envs = kept.envs if kept is not None else ()
            for place, env in zip(strand.places, envs, strict=True):
                found |= {place.prefix + m.name: env[m.key].copy() for m in cell.batch_means}
    return found


def follow(
    geometry: Geometry, params: MutableMapping[str, Array], means: Mapping[str, Array], momentum: object, library: ModuleType
) -> None:
    """Move each of `params` that stands for a mean towards what `means` holds for it. Raises `ArgumentError`, `ShapeError`."""
    share = number("momentum", momentum)
    if not 0 <= share <= 1:
        raise ArgumentError(f"momentum={share}; expected a share from 0, nothing changes, to 1, the means as they are")
    known = [place.prefix + m.name for place in geometry.places for m in geometry.cell.batch_means]
    for key in means:
        if key not in known:
            raise ArgumentError(f"means: {geometry.cell.name} has no batch mean {key!r}{suggestion(str(key), known)}")
    for key, mean in means.items():
        params[key] = params[key] + share * (library.asarray(mean) - params[key])
