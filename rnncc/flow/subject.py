"""A cell with sizes and weights: drawn ones, or those of a file that a layer has saved."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncc.compiler import Compilation, compile_cell, compile_under
from rnncc.errors import ArgumentError, WeightsError
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.keywords import split_keywords
from rnncc.runtime.parameters import ParameterStore
from rnncc.runtime.transforms import asked_for
from rnncc.runtime.weights import differences, read_weights

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Subject:
    """Layers of a cell, in one direction.

    Parameters
    ----------
    made
        The cell.
    geometry
        Its sizes.
    weights
        Per layer parameters by name, float64.
    constants
        The cell's constants.
    """

    made: Compilation
    geometry: Geometry
    weights: tuple[Mapping[str, Array], ...]
    constants: dict[str, float]

    def first_states(self, layer: int, rows: int) -> dict[str, Array]:
        """`h_0` … -> (N, *axes): what a sequence begins with."""
        found = {}
        for s in self.made.info.states:
            first = s.initial if s.learned is None else self.weights[layer][s.learned]
            found[f"{s.name}_0"] = np.broadcast_to(first, (rows, *self.geometry.shape(s.axes, layer))).astype(np.float64)
        return found


def drawn_subject(cell: str, keywords: Mapping[str, Any], input_size: int, hidden_size: int, seed: int) -> Subject:
    """One layer with first weights as a layer of `seed` begins with.

    Parameters
    ----------
    cell
        A name of the catalogue or a path.
    keywords
        As of `rnncc.RNN`: the cell's sizes, constants and options, transforms.

    Raises
    ------
    SpecError, ArgumentError
        Where the spec is wrong or a keyword is not taken.
    """
    made, own = _compiled(cell, keywords)
    geometry = Geometry(made.info, input_size, hidden_size, 1, 1, own.sizes)
    store = ParameterStore.drawn(geometry, True, np.dtype("float64"), np.random.default_rng(seed))
    return Subject(made, geometry, store.now(), own.constants)


def loaded_subject(cell: str, keywords: Mapping[str, Any], path: Path) -> Subject:
    """The layers whose weights `path` holds, with the sizes, constants and options that it names, and `keywords` besides.

    Raises as `drawn_subject`, `WeightsError` where the file is damaged or of another cell, and `ArgumentError` where it cannot be read
    or its layers have two directions.
    """
    tensors, about = _read(path)
    facts = {name: json.loads(value) for name, value in about.items() if name not in ("format", "version")}
    name = compile_cell(cell).spec.name
    if facts["cell"] != name:
        raise WeightsError(f"{path} holds weights of {facts['cell']}, not of {name}")
    if facts["bidirectional"]:
        raise ArgumentError(f"{path} holds layers of two directions, whose last outputs lie at both ends; plot takes one direction")
    fixed = ("cell", "input_size", "hidden_size", "num_layers", "bias", "bidirectional", "dtype")
    stored = {name.split(" ")[-1]: value for name, value in facts.items() if name not in fixed}
    made, own = _compiled(cell, {**stored, **keywords})
    geometry = Geometry(made.info, facts["input_size"], facts["hidden_size"], facts["num_layers"], 1, own.sizes)
    store = ParameterStore.drawn(geometry, facts["bias"], np.dtype("float64"), np.random.default_rng(0))
    found = differences(tensors, about, store.named, {})
    if found:
        raise WeightsError(f"{path} does not fit this cell:\n  " + "\n  ".join(found))
    for name, view in store.named.items():
        view[...] = tensors[name]
    return Subject(made, geometry, store.now(), own.constants)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        return read_weights(path)
    except OSError as fault:
        raise ArgumentError(f"{path} cannot be read: {fault.strerror}") from None


def _compiled(cell: str, keywords: Mapping[str, Any]) -> tuple[Compilation, Any]:
    """The cell under `keywords`, and those of them that are no transforms, by kind."""
    asked = asked_for(keywords)
    made = compile_under(cell, asked.keywords, asked.structure)
    return made, split_keywords(made.info, asked.keywords, beside=())
