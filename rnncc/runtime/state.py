"""States as a caller has them, name -> (L*D, N, *axes), and as kernels have them, one array a place."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnncc.errors import ArgumentError
from rnncc.runtime.batch import Batch
from rnncc.runtime.cell_info import State
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.given import as_floats, expect_shape
from rnncc.runtime.kernels import Array
from rnncc.runtime.keywords import suggestion

PlaceStates = list[dict[str, Array]]
"""Per place: state name -> (N, *axes)."""

NO_PICKLE = "cannot pickle a stream; pickle its layer and stream.state, then layer.stream(batch) and reset(state)"


def initial_states(
    geometry: Geometry, dtype: np.dtype[Any], batch: Batch, state: object, weights: Sequence[Mapping[str, Array]], *, own: bool
) -> PlaceStates:
    """What each place starts from: `state`, or the cell's own first values where it is None, learned ones from the place's `weights`.

    Raises `ArgumentError` for a key that is unknown or missing, `ShapeError` and `DtypeError` for arrays that do not fit.
    """
    if state is None:
        first = {s.name: batch.library.full(_shape(geometry, batch, s.axes), s.initial, dtype) for s in geometry.cell.states}
        return _with_learned(geometry, _per_place(geometry, first), weights)
    given = _mapping(geometry, state, "state")
    missing = [s.name for s in geometry.cell.states if s.name not in given]
    if missing:
        raise ArgumentError(f"state: {', '.join(missing)} missing; {geometry.cell.name} carries {_names(geometry)}")
    return _per_place(geometry, _entered(geometry, dtype, batch, given, "state", own))


def state_cotangents(geometry: Geometry, dtype: np.dtype[Any], batch: Batch, dstate: object) -> PlaceStates:
    """Cotangents of the final states; zero where `dstate` or a key of it is missing. Raises as `initial_states`."""
    zeros = {s.name: batch.library.zeros(_shape(geometry, batch, s.axes), dtype) for s in geometry.cell.states}
    if dstate is None:
        return _per_place(geometry, zeros)
    given = {k: v for k, v in _mapping(geometry, dstate, "dstate").items() if v is not None}
    return _per_place(geometry, zeros | _entered(geometry, dtype, batch, given, "dstate", False))


def leave_states(geometry: Geometry, batch: Batch, finals: PlaceStates) -> dict[str, Array]:
    """Name -> (L*D, N, *axes) in the caller's layout."""
    return _left(batch, geometry.cell.states, finals)


def leave_state_gradients(geometry: Geometry, batch: Batch, gradients: PlaceStates) -> dict[str, Array]:
    """As `leave_states`, of the states that have a gradient."""
    return _left(batch, geometry.cell.differentiable, gradients)


def stacked(states: PlaceStates) -> dict[str, Array]:
    """Name -> (places, N, *axes), new arrays."""
    if len(states) == 1:
        return {name: array[None].copy() for name, array in states[0].items()}  # in a quarter of the time
    return {name: np.stack([own[name] for own in states]) for name in states[0]}


def _left(batch: Batch, states: Sequence[State], values: PlaceStates) -> dict[str, Array]:
    return {s.name: batch.leave_state(_stacked([v[s.name] for v in values])) for s in states}


def _with_learned(geometry: Geometry, first: PlaceStates, weights: Sequence[Mapping[str, Array]]) -> PlaceStates:
    for own, parameters in zip(first, weights, strict=True):
        for s in geometry.cell.states:
            if s.learned is not None:
                own[s.name][...] = parameters[s.learned]
    return first


def _entered(
    geometry: Geometry, dtype: np.dtype[Any], batch: Batch, given: Mapping[str, object], what: str, own: bool
) -> dict[str, Array]:
    found = {}
    for s in geometry.cell.states:
        if s.name not in given:
            continue
        array = as_floats(given[s.name], dtype, f"{what}[{s.name!r}]", batch.library)
        shape = _shape(geometry, batch, s.axes)
        layers = "layers" if geometry.directions == 1 else "layers*directions"
        if batch.batched:
            expect_shape(array, shape, (layers, "N", *s.axes), f"{what}[{s.name!r}]")
        else:
            expect_shape(array, (shape[0], *shape[2:]), (layers, *s.axes), f"{what}[{s.name!r}]")
        found[s.name] = batch.enter_state(array, own=own)
    return found


def _stacked(states: list[Array]) -> Array:
    return states[0][None] if len(states) == 1 else np.stack(states)


def _mapping(geometry: Geometry, state: object, what: str) -> Mapping[str, object]:
    if not isinstance(state, Mapping):
        raise ArgumentError(f"{what}: found {type(state).__name__}, expected a dict with the keys {_names(geometry)}")
    for key in state:
        if key not in [s.name for s in geometry.cell.states]:
            raise ArgumentError(f"{what}: {geometry.cell.name} has no state {key!r}{suggestion(str(key), _list(geometry))}")
    return state


def _list(geometry: Geometry) -> list[str]:
    return [s.name for s in geometry.cell.states]


def _names(geometry: Geometry) -> str:
    return ", ".join(_list(geometry)) or "no state"


def _shape(geometry: Geometry, batch: Batch, axes: tuple[str, ...]) -> tuple[int, ...]:
    return (len(geometry.places), batch.rows, *geometry.shape(axes))


def _per_place(geometry: Geometry, states: Mapping[str, Array]) -> PlaceStates:
    return [{name: array[place.index] for name, array in states.items()} for place in geometry.places]
