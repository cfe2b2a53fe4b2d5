"""Parameters of one place as they were at a call, and what kernels have packed of them since.

Whoever calls a layer while its parameters stay as they are gets the same object, so that they are copied and packed once. Parameters
are written through views that nobody watches: while such views are about, bytes are compared, which NaN does not disturb.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rnncc.runtime.cached import Cached
from rnncc.runtime.kernels import Array

if TYPE_CHECKING:
    from rnncc.runtime.record import Record

PANELS = "panels of the parameters"
"""What an `env` has its `Panels` under: no name of a cell has spaces."""
_BEGINNING = 1 << 8
"""Words that are compared first: parameters that are trained differ there …"""
_BLOCK = 1 << 16
"""… and in one go of the others."""

Term = str | tuple[str, int, int]
"""A matrix: a parameter `W`, or columns of it as (`W`, first, the one after the last); of either, as `W.T`, the transpose."""
Panel = NDArray[Any]
"""A packed weight: of the layer's dtype, or of pairs of bfloat16 (`runtime.bfloat16`)."""
Key = tuple[tuple[Term, ...], ...]
"""What a panel is packed from: for each sum its matrices."""


@dataclass(frozen=True)
class Panels:
    """Packed weights by what they are packed from. Threads may ask for them at once; nobody writes them.

    Parameters
    ----------
    bfloat16
        Whether they are to be packed as bfloat16.
    tf32
        Whether they are to be packed as TF32, which tensor cores of a CUDA device multiply.
    record
        Takes down how they are packed, instead of doing it.
    """

    bfloat16: bool = False
    tf32: bool = False
    record: "Record | None" = None
    made: dict[Key, Panel] = field(default_factory=dict)
    computed: dict[str, "Computed"] = field(default_factory=dict)
    """By function what it has computed for the constants of its last call."""

    def get(self, key: Key, make: Callable[[], Panel]) -> Panel:
        """The panel `key`, made where it is asked for the first time."""
        found = self.made.get(key)
        return self.made.setdefault(key, make()) if found is None else found


@dataclass(frozen=True)
class Frozen:
    """A copy of a master array.

    Parameters
    ----------
    master
        (parameters of the place,); nobody writes it.
    env
        What kernels are given: views of `master` by name, and their `Panels`.
    """

    master: Array
    env: Mapping[str, Any]

    @Cached
    def env_bfloat16(self) -> Mapping[str, Any]:
        """As `env`, but what is packed is bfloat16."""
        return {**self.env, PANELS: Panels(bfloat16=True)}

    def holds(self, master: Array) -> bool:
        """Whether `master` has the same bytes still."""
        own, other = self._words, _words(master)
        if np.count_nonzero(own[:_BEGINNING] != other[:_BEGINNING]):
            return False
        starts = range(_BEGINNING, own.size, _BLOCK)
        return not any(np.count_nonzero(own[k : k + _BLOCK] != other[k : k + _BLOCK]) for k in starts)

    @Cached
    def _words(self) -> NDArray[np.integer[Any]]:
        return _words(self.master)


@dataclass(frozen=True)
class Computed:
    """Weights made of parameters and `constants`, by name, and what is packed of them."""

    constants: tuple[float, ...]
    weights: Mapping[str, Array]
    panels: Panels


def fixed(env: Mapping[str, Any], compute: Callable[[Mapping[str, Any]], Mapping[str, Array]], *constants: str) -> Mapping[str, Any]:
    """`env` and the weights that `compute` makes of its parameters and of the `constants` called so, kept while those are unchanged."""
    panels = env.get(PANELS)
    if panels is None:
        return {**env, **compute(env)}
    values = tuple(env[name] for name in constants)
    found = panels.computed.get(compute.__name__)
    if found is None or found.constants != values:
        found = Computed(values, compute(env), Panels(panels.bfloat16, panels.tf32))
        panels.computed[compute.__name__] = found
    return {**env, **found.weights, PANELS: found.panels}


def held(env: Mapping[str, Any]) -> Iterator[Panel]:
    """Every array of a `Frozen.env`, panels included."""
    for value in env.values():
        if not isinstance(value, Panels):
            yield value
            continue
        yield from tuple(value.made.values())
        for computed in tuple(value.computed.values()):
            yield from held({**computed.weights, PANELS: computed.panels})


def _words(master: Array) -> NDArray[np.integer[Any]]:
    return master.view(np.int64 if master.nbytes % 8 == 0 else np.int32)
