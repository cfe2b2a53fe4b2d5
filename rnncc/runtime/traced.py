"""Which values of which layers a caller of `trace` asks for, and their way back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rnncc.errors import ArgumentError
from rnncc.runtime.batch import Batch
from rnncc.runtime.geometry import Geometry, Place
from rnncc.runtime.kernels import Array
from rnncc.runtime.keywords import suggestion


@dataclass(frozen=True)
class Traced:
    """A value of the spec in one place, under the key its caller will find it."""

    key: str
    place: Place
    name: str


def choose_traced(geometry: Geometry, names: Iterable[str] | None) -> list[Traced]:
    """What `names` ask for; None asks for everything.

    A plain name stands for every place, with the place's prefix as its key where there are several.

    Raises `ArgumentError` for a name that the cell does not have.
    """
    single = len(geometry.places) == 1
    known: dict[str, list[Traced]] = {}
    for name in geometry.cell.named:
        found = [Traced(p.prefix + name, p, name) for p in geometry.places]
        known[name] = [Traced(name, p, name) for p in geometry.places] if single else found
        known |= {t.key: [t] for t in found}
    asked = geometry.cell.named if names is None else list(names)
    for name in asked:
        if name not in known:
            raise ArgumentError(f"{geometry.cell.name} has no value {name!r} to trace{suggestion(str(name), geometry.cell.named)}")
    return [traced for name in asked for traced in known[name]]


def leave_traced(batch: Batch, chosen: Sequence[Traced], values: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Chosen values in the caller's layout, zero past each sequence's length; `values` are what each place's kernel gave."""
    found = {}
    for t in chosen:
        if t.name not in values[t.place.index]:
            raise ArgumentError(f"{t.name} does not vary in time; trace shows {', '.join(values[t.place.index])}")
        found[t.key] = _left(batch, values[t.place.index][t.name])
    return found


def _left(batch: Batch, value: Array) -> Array:
    if batch.ragged is not None:
        value = value.copy()
        value[batch.ragged.dead] = 0
    return batch.leave(value)
