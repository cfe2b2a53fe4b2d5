"""Learned arrays on a device."""

from dataclasses import dataclass
from typing import Any

from rnncc.errors import DtypeError, ShapeError
from rnncc.runtime.cached import Cached
from rnncc.runtime.cuda.interop import numbers
from rnncc.runtime.cuda.lengths import current
from rnncc.runtime.fixed_keys import FixedKeys
from rnncc.runtime.frozen import Frozen, Panels
from rnncc.runtime.geometry import Place
from rnncc.runtime.kernels import Array
from rnncc.runtime.library import captured, library_of
from rnncc.runtime.parameters import ParameterStore

_STREAMS = 8
"""How many streams a layer has packed weights for at a time."""


@dataclass(frozen=True)
class DeviceStore(ParameterStore):
    """As `ParameterStore`, its masters on a device.

    To compare bytes would be to wait for the device. So parameters are taken anew, and packed anew, for each call while somebody has
    views of them; for each stream of its own, since what is packed on one would have to be waited for on another. A graph takes them
    anew at each launch.
    """

    def _frozen(self, place: Place) -> Frozen:
        k, library = place.index, library_of(self.masters[place.index])
        if captured(library):
            return self._copied(place, Panels(tf32=self.tf32))
        shown, shared = self._shown[k], self._shared(k)
        kept, seen = self._by_stream[k]
        kept, stream = kept if seen is shown else {}, current(library)
        self._by_stream[k] = kept, None if shared else shown
        found = kept.get(stream)
        if found is None:
            found = kept[stream] = self._copied(place, Panels(tf32=self.tf32))
            for old in list(kept)[:-_STREAMS]:
                kept.pop(old, None)
        return found

    @Cached
    def _by_stream(self) -> list[tuple[dict[tuple[int, int], Frozen], object]]:
        """Per place what the last call in each stream was given, and what stood in `_shown` then; None where views were about."""
        return [({}, None) for _ in self.masters]


class DeviceParameters(FixedKeys[Array]):
    """Name -> view of a master array. Assigning to a name, from the host or the device, writes into the view."""

    what = "parameter"

    def replaced(self, key: str, value: Any) -> Array:
        view = self[key]
        new = numbers(library_of(view), value)
        if new.dtype.kind != "f":
            raise DtypeError(f"parameter {key}: found {new.dtype}, expected {view.dtype}; convert with .astype({str(view.dtype)!r})")
        if new.shape != view.shape:
            raise ShapeError(f"parameter {key}: found shape {new.shape}, expected {view.shape}")
        view[...] = new
        return view
