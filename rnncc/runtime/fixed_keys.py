"""Dicts whose keys are given once: a write goes to the value, an unknown key is a mistake."""

from collections.abc import Mapping
from typing import Any, Generic, NoReturn, TypeVar

import numpy as np

from rnncc.errors import ArgumentError, DtypeError, ShapeError
from rnncc.runtime.cell_info import Domain
from rnncc.runtime.domains import within
from rnncc.runtime.kernels import Array
from rnncc.runtime.keywords import suggestion

V = TypeVar("V")


class FixedKeys(dict[str, V], Generic[V]):
    """A dict that takes no new keys and loses none. A copy of it is an ordinary dict."""

    what = "value"

    def replaced(self, key: str, value: Any) -> V:
        """The value to keep for `key` when a caller assigns `value`."""
        raise NotImplementedError(f"{type(self).__name__} says what an assignment does")

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in self:
            raise ArgumentError(f"no {self.what} {key!r}{suggestion(str(key), self)}")
        super().__setitem__(key, self.replaced(key, value))

    def update(self, *others: Any, **values: Any) -> None:
        for key, value in dict(*others, **values).items():
            self[key] = value

    def __ior__(self, other: Any) -> "FixedKeys[V]":  # type: ignore[override,misc]
        self.update(other)
        return self

    def _refuse(self, *_args: Any, **_keywords: Any) -> NoReturn:
        raise ArgumentError(f"the {self.what}s of a layer are fixed: only their values can change")

    __delitem__ = _refuse
    pop = _refuse
    popitem = _refuse
    clear = _refuse
    setdefault = _refuse

    def __reduce__(self) -> tuple[type[dict[str, V]], tuple[dict[str, V]]]:
        return (dict, (dict(self),))


class Parameters(FixedKeys[Array]):
    """Name -> view of a master array. Assigning to a name writes into the view."""

    what = "parameter"

    def replaced(self, key: str, value: Any) -> Array:
        view, new = self[key], np.asarray(value)
        if new.dtype.kind != "f":
            raise DtypeError(f"parameter {key}: found {new.dtype}, expected {view.dtype}; convert with .astype({str(view.dtype)!r})")
        if new.shape != view.shape:
            raise ShapeError(f"parameter {key}: found shape {new.shape}, expected {view.shape}")
        view[...] = new
        return view


class Constants(FixedKeys[float]):
    """Name -> float, seen by the next call; `domains` says which numbers a constant takes."""

    what = "constant"

    def __init__(self, values: Mapping[str, float], domains: Mapping[str, Domain]) -> None:
        super().__init__(values)
        self._domains = domains

    def replaced(self, key: str, value: Any) -> float:
        return within(self._domains.get(key), key, value)
