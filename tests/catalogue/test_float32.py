"""Float32 as accurate as PyTorch's: errors against float64 of both, on the same weights."""

from dataclasses import replace

import numpy as np
import pytest

import rnncc
from tests.catalogue.cases import call_of, found_by
from tests.catalogue.test_pytorch import expected_of
from tests.layers.peers import peer

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

SHARE = 1.2
"""Of PyTorch's error: what a sum in another order may cost."""


def as_double(call):
    return replace(
        call,
        x=call.x.astype(float),
        dy=call.dy.astype(float),
        state={k: v.astype(float) for k, v in call.state.items()},
        dstate={k: v.astype(float) for k, v in call.dstate.items()},
    )


def errors(cell, steps, rows, units, seed):
    """Name of a result -> (our error, PyTorch's), root mean square relative to that of the result."""
    layer = rnncc.RNN(cell, units, units, seed=seed, threads=1)
    call = call_of(layer, steps=steps, rows=rows, seed=seed)
    exact = expected_of(cell, layer, peer(cell, layer), as_double(call))
    ours, theirs = found_by(layer, call), expected_of(cell, layer, peer(cell, layer).float(), call)
    return {k: [np.linalg.norm(found[k] - v) / np.linalg.norm(v) for found in (ours, theirs)] for k, v in exact.items()}


@pytest.mark.parametrize(("steps", "rows", "units", "seeds"), [(50, 8, 64, 20), (20, 16, 512, 3)])
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru_reset_after"])
def test_errors_are_at_most_those_of_pytorch(cell, steps, rows, units, seeds):
    found = [errors(cell, steps, rows, units, seed) for seed in range(seeds)]
    medians = {k: np.median([f[k] for f in found], axis=0) for k in found[0]}
    worse = [f"{k}: {ours:.2e}, PyTorch's {theirs:.2e}" for k, (ours, theirs) in medians.items() if ours > SHARE * theirs]
    assert not worse, "\n".join(worse)
