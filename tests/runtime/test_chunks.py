"""Chunks and segments are functions of lengths alone, and pieces of whole chunks are cut as the whole is."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncc.runtime import chunks
from rnncc.runtime.chunks import ROWS, chunk_bounds
from rnncc.runtime.sweep import Sweep


def sweep_of(lengths, reverse=False):
    """Of sequences of these lengths, descending."""
    lengths = np.sort(np.array(lengths, np.int64))[::-1]
    steps = int(lengths.max(initial=0))
    return Sweep(steps, len(lengths), lengths, reverse)


SWEEPS = st.one_of(
    st.builds(Sweep, st.integers(0, 5000), st.sampled_from([0, 1, 3, 7, 32, 33, 257, 1024, 3000])),
    st.builds(sweep_of, st.lists(st.integers(0, 3000), max_size=30)),
)


@pytest.mark.parametrize(
    ("steps", "rows", "expected"),
    [
        (100, 32, [0, 32, 64, 100]),
        (4, 2000, [0, 1, 2, 3, 4]),
        (1024, 1, [0, 1024]),
        (1025, 1, [0, 1025]),
        (1024 + 513, 1, [0, 1024, 1537]),
        (0, 5, [0, 0]),
        (5, 0, [0, 5]),
    ],
)
def test_bounds_of_full_batches(steps, rows, expected):
    assert chunk_bounds(Sweep(steps, rows).live()).tolist() == expected


def test_dead_steps_belong_to_the_last_chunk():
    sweep = Sweep(9, 2, np.array([4, 0]))
    assert chunk_bounds(sweep.live()).tolist() == [0, 9]


@given(SWEEPS)
def test_chunks_hold_about_a_thousand_rows(sweep):
    live = sweep.live()
    bounds = chunk_bounds(live)
    assert (bounds[0], bounds[-1]) == (0, sweep.steps)
    rows = [live[a:b].sum() for a, b in pairwise(bounds)]
    assert len(rows) == 1 or min(rows) > ROWS // 2
    for (a, b), found in zip(pairwise(bounds), rows, strict=True):
        assert found <= ROWS * 3 // 2 or live[a:b].max() > ROWS // 2


@given(SWEEPS, st.integers(1, 3000), st.booleans())
def test_segments_are_whole_chunks_and_their_chunks_are_those_of_the_whole(sweep, checkpoint, reverse):
    sweep = Sweep(sweep.steps, sweep.batch, sweep.lengths, reverse)
    bounds = chunk_bounds(sweep.live())
    cut = sweep.segments(checkpoint)
    in_time = cut[::-1] if reverse else cut
    assert [a for a, _ in in_time[1:]] == [b for _, b in in_time[:-1]]
    assert all(b - a >= checkpoint for a, b in in_time[:-1])
    joined = [0]
    for a, b in in_time:
        joined += (a + chunk_bounds(sweep.segment(a, b).live())[1:]).tolist()
    assert joined == bounds.tolist()


def test_without_a_checkpoint_there_is_one_segment():
    assert Sweep(5000, 32).segments(None) == [(0, 5000)]


def test_a_reverse_layer_begins_at_the_end(monkeypatch):
    monkeypatch.setattr(chunks, "ROWS", 4)
    assert Sweep(6, 2).segments(2) == [(0, 2), (2, 4), (4, 6)]
    assert Sweep(6, 2, reverse=True).segments(3) == [(4, 6), (0, 4)]


def test_rows_of_chunks_come_as_the_backward_pass_meets_them(monkeypatch):
    monkeypatch.setattr(chunks, "ROWS", 4)
    lengths = np.array([5, 3])
    assert Sweep(5, 2, lengths).chunk_rows.tolist() == [[4, 8], [0, 4]]
    assert Sweep(5, 2, lengths, reverse=True).chunk_rows.tolist() == [[0, 4], [4, 8]]


def test_a_segment_of_a_ragged_batch_keeps_its_rows():
    sweep = Sweep(6, 3, np.array([6, 4, 1]), True, 2)
    early, late = sweep.segment(0, 3), sweep.segment(3, 6)
    assert (early.steps, early.batch, early.lengths.tolist(), early.reverse, early.threads) == (3, 3, [3, 3, 1], True, 2)
    assert late.lengths.tolist() == [3, 1, 0]
    assert Sweep(6, 2, np.array([6, 4])).segment(1, 3).lengths is None
