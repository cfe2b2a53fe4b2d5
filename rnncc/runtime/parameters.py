"""Learned arrays: one master array a layer and direction, every parameter a view of it."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.cached import Cached
from rnncc.runtime.cell_info import Parameter
from rnncc.runtime.frozen import PANELS, Frozen, Panels
from rnncc.runtime.geometry import Geometry, Place
from rnncc.runtime.initial import draw
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import library_of

if TYPE_CHECKING:
    from rnncc.runtime.record import Record


@dataclass(frozen=True)
class ParameterStore:
    """The parameters of a stack.

    Parameters
    ----------
    geometry
        Sizes of the stack.
    bias
        Without it parameters declared as bias are zero: they lie outside the masters and cannot be written.
    masters
        One array (parameters of the place,) in the layer's dtype per place, in order of declaration. Whoever else holds one of them
        may write it.
    tf32
        Whether kernels multiply in TF32.
    """

    geometry: Geometry
    bias: bool
    masters: tuple[Array, ...]
    tf32: bool = False

    @classmethod
    def drawn(cls, geometry: Geometry, bias: bool, dtype: np.dtype[Any], rng: np.random.Generator) -> "ParameterStore":
        """A store with first values, drawn in order of places and of declaration."""
        masters = []
        for place in geometry.places:
            parts = [draw(p, geometry.shape(p.axes, place.layer), geometry.hidden_size, rng).ravel() for p in learned(geometry, bias)]
            masters.append(np.concatenate([np.zeros(0), *parts]).astype(dtype))
        return cls(geometry, bias, tuple(masters))

    @property
    def named(self) -> dict[str, Array]:
        """`l0.W`, `l1.reverse.U` … -> writable view."""
        views = [(place.prefix, self._views(place, self.masters[place.index])) for place in self.geometry.places]
        self._shown[:] = [object() for _ in views]
        return {prefix + name: view for prefix, found in views for name, view in found.items()}

    def now(self, bfloat16: bool = False) -> tuple[Mapping[str, Any], ...]:
        """Per place what its kernels are given: every parameter of the cell by name, as it is now, and `frozen.PANELS`.

        Later writes do not reach it. As long as a place's parameters are unchanged it is the same object; another one where weights are
        to be packed as `bfloat16`.
        """
        return tuple(f.env_bfloat16 if bfloat16 else f.env for f in self.frozen())

    def frozen(self) -> tuple[Frozen, ...]:
        """Per place its parameters as they are now; the same objects as long as these are unchanged."""
        return tuple(self._frozen(place) for place in self.geometry.places)

    def settled(self) -> tuple[Frozen, ...]:
        """As `frozen`, the tuple too the same object; within a microsecond while nobody has views. For parameters on the processor."""
        (last,) = self._together
        if last is not None and self._untouched(last):
            return last
        found = self.frozen()
        if last is not None and all(a is b for a, b in zip(found, last, strict=True)):
            return last
        self._together[0] = found
        return found

    def _untouched(self, last: tuple[Frozen, ...]) -> bool:
        """Whether these are what the last call was given, and nobody can have written a parameter since."""
        for k, own in enumerate(last):
            known, seen = self._last[k]
            if known is not own or seen is not self._shown[k] or self._shared(k):
                return False
        return True

    def copied(self, record: "Record") -> tuple[Frozen, ...]:
        """Per place an array of its own that whoever asks may write; `record` takes down what is made of it."""
        return tuple(self._copied(place, Panels(record=record)) for place in self.geometry.places)

    def trained(self) -> list[tuple[Place, str]]:
        """Place and name of every parameter that has a gradient."""
        names = [p.name for p in learned(self.geometry, self.bias) if not p.frozen]
        return [(place, name) for place in self.geometry.places for name in names]

    def _frozen(self, place: Place) -> Frozen:
        k = place.index
        shown, shared = self._shown[k], self._shared(k)  # in this order, and before bytes are compared: no later write is missed
        last, seen = self._last[k]
        if last is not None and not shared and seen is shown:
            return last
        found = last if last is not None and last.holds(self.masters[k]) else self._copied(place, Panels(tf32=self.tf32))
        self._last[k] = found, None if shared else shown
        return found

    def _copied(self, place: Place, panels: Panels) -> Frozen:
        """The parameters of a place as they are now."""
        master = self.masters[place.index].copy()
        return Frozen(master, {**self._views(place, master), **self._zeros(place), PANELS: panels})

    def _shared(self, k: int) -> bool:
        """Whether anybody has a view of master number `k` now: only then, or where one was shown since, are bytes worth comparing."""
        return _references(self.masters, k) > _UNSHARED

    @Cached
    def _together(self) -> list[tuple[Frozen, ...] | None]:
        """What `settled` gave last."""
        return [None]

    @Cached
    def _last(self) -> list[tuple[Frozen | None, object]]:
        """Per place what the last call was given, and what stood in `_shown` before it was compared; None where views were about."""
        return [(None, None)] * len(self.masters)

    @Cached
    def _shown(self) -> list[object]:
        """Per place an object that is another one as soon as views have been given out: every caller tells by itself whether what may
        have been written through them is in what it finds, so that callers at once miss nothing."""
        return [object() for _ in self.masters]

    def _views(self, place: Place, master: Array) -> dict[str, Array]:
        return {name: master[piece].reshape(shape) for name, piece, shape in self._pieces[place.index]}

    @Cached
    def _pieces(self) -> list[list[tuple[str, slice, tuple[int, ...]]]]:
        """Per place: name of each parameter, where it lies in the master, and its shape."""
        return [self._cut(place) for place in self.geometry.places]

    def _cut(self, place: Place) -> list[tuple[str, slice, tuple[int, ...]]]:
        parameters = learned(self.geometry, self.bias)
        shapes = [self.geometry.shape(p.axes, place.layer) for p in parameters]
        ends = np.cumsum([math.prod(s) for s in shapes]).tolist()
        return [(p.name, slice(end - math.prod(s), end), s) for p, end, s in zip(parameters, ends, shapes, strict=True)]

    def _zeros(self, place: Place) -> dict[str, Array]:
        missing = [p for p in self.geometry.cell.parameters if p.bias and not self.bias]
        like = self.masters[place.index]
        return {p.name: _read_only_zeros(self.geometry.shape(p.axes, place.layer), like) for p in missing}


def learned(geometry: Geometry, bias: bool) -> list[Parameter]:
    """The parameters that a layer has, in order of declaration."""
    return [p for p in geometry.cell.parameters if bias or not p.bias]


def _read_only_zeros(shape: tuple[int, ...], like: NDArray[Any]) -> NDArray[Any]:
    zeros: NDArray[Any] = library_of(like).zeros(shape, like.dtype)
    if isinstance(zeros, np.ndarray):
        zeros.setflags(write=False)
    return zeros


def _references(masters: tuple[Array, ...], k: int) -> int:
    """How many references there are to one of `masters`: each view of it holds one."""
    return sys.getrefcount(masters[k])


_UNSHARED = _references((np.zeros(1),), 0)
"""References to a master that nobody has a view of."""
