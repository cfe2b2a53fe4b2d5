"""Time loops in chunks of steps, as they are launched: layers against the interpreter's, kernels run by Python."""

import numpy as np
import pytest

from rnncc.runtime.cuda import scan
from rnncc.runtime.cuda.scan import steps_of, ticks_of
from rnncc.runtime.transforms import asked_for
from tests.cuda import simulated
from tests.cuda.layers import INPUTS, check, drawn

T, N = 40, 3
LENGTHS = np.array([11, 40, 0])


@pytest.fixture
def chunks(monkeypatch):
    """In how many chunks each loop ran."""
    found, chosen = [], scan.chunks_of

    def noted(*arguments):
        found.append(chosen(*arguments))
        return found[-1]

    monkeypatch.setattr(scan, "chunks_of", noted)
    return found


@pytest.mark.parametrize(
    ("cell", "settings"),
    [
        ("lru", {}),
        ("mingru", {"num_layers": 2, "bidirectional": True}),
        ("minlstm", {"checkpoint": 24}),
        ("indrnn", {"bidirectional": True}),
        ("unicornn", {"truncate": 30}),
    ],
)
def test_a_layer(chip, layers, chunks, cell, settings):
    both = layers(cell, **settings)
    check(chip, both, drawn(T, N, INPUTS), lengths=LENGTHS)
    assert max(chunks) > 1
    check(chip, both, drawn(T, N, INPUTS))


def test_steps_that_forget(chip, layers, chunks):
    """A flag that resets the state in mid-sequence, and random masks, are coefficients like others."""
    asked = asked_for({"reset": True, "zoneout": 0.4})
    x = {"x": drawn(T, N, INPUTS), "reset": (drawn(T, N, seed=5) > 1).astype(float)}
    check(chip, layers("mingru", asked.structure, **asked.keywords), x, lengths=LENGTHS, key=3)
    assert max(chunks) > 1


def test_few_steps_are_one_chunk(chip, layers, chunks):
    check(chip, layers("mingru"), drawn(3, N, INPUTS))
    assert set(chunks) == {1}


@pytest.mark.parametrize(("steps", "rows"), [(T, 0), (0, N)])
def test_no_steps_or_rows(chip, layers, steps, rows):
    here, there = layers("mingru")
    x = drawn(steps, rows, INPUTS)
    assert here(chip.asarray(x))[0].shape == there(x)[0].shape
    assert all(grid.blocks for grid in simulated.launched)


def test_steps_of_a_row():
    live = np.array([5, 5, 3, 1, 0])
    assert [steps_of(live, row) for row in range(6)] == [4, 3, 3, 2, 2, 0]
    assert steps_of(live[:0], 0) == 0


def test_ticks_of_a_chunk():
    assert [ticks_of(chunk, 3, 7, 5) for chunk in range(3)] == [(0, 3), (3, 5), (6, 5)]


@pytest.mark.parametrize(("cell", "sweeps"), [("lru", "inference, forward, backward"), ("indrnn", "backward"), ("elman", "")])
def test_a_layer_says_what_runs_in_chunks(chip, layers, cell, sweeps):
    said = layers(cell)[0].explain()
    assert ("scan over time" in said) == bool(sweeps)
    assert f"as a scan over time where that is sooner ({sweeps})" in said or not sweeps
