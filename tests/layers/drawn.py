"""The random masks of a call, for whoever computes the same without rnncc."""

import numpy as np

from rnncc.runtime.masks import CellMasks, mask_rates
from tests.references.reference import torch


def drawn(layer, key, steps, rows, dtype="float64"):
    """Prefix of a place -> mask -> array as it is drawn, rows in the caller's order."""
    rates = mask_rates(layer.cell, layer.constants)
    masks = CellMasks(rates, layer._dropout_seed, key, np.dtype(dtype))
    geometry = layer._store.geometry
    return {p.prefix[:-1]: masks.between(geometry, p, 0, steps, rows) for p in geometry.places}


def over_time(layer, key, steps, rows):
    """The same as `tests.references.layers` takes them: tensors (T, N, units)."""
    per = {m.name: m.per for m in layer.cell.masks}
    return {
        place: {name: torch.tensor(array if per[name] == "step" else np.stack([array] * steps)) for name, array in masks.items()}
        for place, masks in drawn(layer, key, steps, rows).items()
    }
