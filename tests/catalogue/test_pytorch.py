"""The cells that PyTorch has too, against its own layers: outputs, final states, every gradient."""

import numpy as np
import pytest

import rnncc
from tests.catalogue.cases import LENGTHS, call_of, disagreement, found_by, layer_of
from tests.layers.peers import peer, peer_run

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

PEERS = [("elman", {"phi": "tanh"}), ("elman", {"phi": "relu"}), ("lstm", {}), ("gru_reset_after", {})]


def expected_of(cell, layer, module, call):
    """PyTorch's results under our names."""
    lengths = None if call.lengths is None else np.array(call.lengths)
    found = peer_run(cell, layer, module, call.x, call.state, lengths, call.dy, call.dstate)
    named = {"y": found.y, "d_x": found.dx} | {f"{k}_T": v for k, v in found.state.items()}
    return named | {f"d_{k}_0": v for k, v in found.dstate.items()} | {f"d_{k}": v for k, v in found.params.items()}


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one-way", "both-ways"])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize(("cell", "keywords"), PEERS, ids=str)
def test_every_result_is_pytorchs(cell, keywords, num_layers, bidirectional, lengths):
    layer = layer_of(cell, keywords, num_layers, bidirectional)
    call = call_of(layer, lengths)
    assert not disagreement(found_by(layer, call), expected_of(cell, layer, peer(cell, layer, **keywords), call))


def test_more_rows_units_and_steps_than_one_block_of_a_sum():
    """Sums run in blocks of units and of rows, products in tiles and chunks: here there are several of each, and a rest."""
    layer = rnncc.RNN("lstm", 131, 150, 2, bidirectional=True, dtype="float64", seed=2)
    call = call_of(layer, steps=41, rows=13)
    assert not disagreement(found_by(layer, call), expected_of("lstm", layer, peer("lstm", layer), call))
