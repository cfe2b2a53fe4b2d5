"""Training that keeps states alone and computes the rest again: the same bits as training that keeps all, for every cell."""

from pathlib import Path

import pytest

from rnncc.runtime import chunks
from tests.catalogue.cases import EACH_ONCE, call_of, changed, found_by, layer_of

OWN = sorted((Path(__file__).parent.parent / "cells").glob("*.py"))
CELLS = [*((name, keywords, 2) for name, keywords in EACH_ONCE), *((str(path), {}, 1) for path in OWN)]
"""Name or path, keywords, layers."""
STEPS = 25
"""With two rows three chunks and a step, which is too short for a chunk of its own."""
EVERY = (1, 5, 100)
"""Steps between kept states: a chunk each, some chunks, more than there are."""


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch):
    monkeypatch.setattr(chunks, "ROWS", 16)


def lengths_of(rows):
    """Ragged, unsorted, some empty."""
    return [(7 * row + 22) % (STEPS + 1) for row in range(rows)]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("cell", "keywords", "layers"), CELLS, ids=[Path(cell).stem for cell, *_ in CELLS])
def test_a_checkpoint_changes_no_bit(cell, keywords, layers, bidirectional):
    whole = layer_of(cell, keywords, layers, bidirectional, threads=2)
    parts = [layer_of(cell, keywords, layers, bidirectional, threads=1, checkpoint=every) for every in EVERY]
    for rows in (2, 3, 9):
        for lengths in (None, lengths_of(rows)):
            call = call_of(whole, lengths, steps=STEPS, rows=rows)
            expected = found_by(whole, call)
            for layer in parts:
                assert not changed(found_by(layer, call), expected)


@pytest.mark.parametrize("rows", [1, 3, 40])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_float32_in_chunks_of_their_true_length(monkeypatch, rows, bidirectional):
    monkeypatch.undo()
    whole = layer_of("lstm", {}, 1, bidirectional, dtype="float32", threads=2)
    call = call_of(whole, steps=4000 // rows, rows=rows)
    expected = found_by(whole, call)
    for every in (1, 1000 // rows, 2100 // rows):
        layer = layer_of("lstm", {}, 1, bidirectional, dtype="float32", threads=2, checkpoint=every)
        assert not changed(found_by(layer, call), expected)
