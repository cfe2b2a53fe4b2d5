"""What a loop adds up stretch by stretch: pieces of chunks, whose sums are those of the stream that it would have written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncc.runtime.arrays import whole_vectors
from rnncc.runtime.chunks import STRETCH, chunk_bounds
from rnncc.runtime.stretches import stretch_of, stretch_sum, zero_sums
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.totals import column_sum
from tests.runtime.test_chunks import SWEEPS

F32 = np.dtype(np.float32)
UNITS = 11
LENGTHS = np.array([300, 299, 150, 64, 1, 0], np.int64)
WHOLE = [
    Sweep(300, 6),
    Sweep(300, 6, LENGTHS),
    Sweep(300, 6, LENGTHS, reverse=True),
    Sweep(300, 6, threads=2),
    Sweep(3, 1500),
    Sweep(1, 1),
]


def stream_of(sweep, *, scale):
    """Whole numbers below `scale`, so that float32 adds them without an error; NaN in what no unit owns and past the end."""
    stream = np.full((sweep.steps, sweep.batch, whole_vectors(UNITS, F32)), np.nan, F32)
    stream[..., :UNITS] = np.random.default_rng(0).integers(0, scale, (sweep.steps, sweep.batch, UNITS))
    stream[sweep.dead()] = np.nan
    return stream


def added_up(sweep, stream):
    """As a loop does."""
    sums, stretches, live = zero_sums(sweep, F32, UNITS), stretch_of(sweep), sweep.live()
    for time in range(sweep.steps):
        sums[stretches[time], : live[time]] += stream[time, : live[time]]
    return sums


@given(SWEEPS)
def test_stretches_are_pieces_of_chunks(sweep):
    bounds = sweep.stretches
    assert set(chunk_bounds(sweep.live())) <= set(bounds)
    assert (bounds[0], bounds[-1]) == (0, sweep.steps)
    lengths = np.diff(bounds)
    assert ((lengths > 0) & (lengths <= STRETCH)).all()
    np.testing.assert_array_equal(np.bincount(stretch_of(sweep), minlength=len(lengths)), lengths)


@pytest.mark.parametrize("sweep", WHOLE)
def test_the_sum_is_that_of_the_stream(sweep):
    stream = stream_of(sweep, scale=1000)
    sums = added_up(sweep, stream)
    found = stretch_sum(sweep, sums, UNITS)
    assert (found.shape, found.dtype) == ((UNITS,), F32)
    np.testing.assert_array_equal(found, column_sum(sweep, stream, UNITS))
    assert stretch_sum(sweep, sums, UNITS, so_far=found) is found
    np.testing.assert_array_equal(found, 2 * column_sum(sweep, stream, UNITS))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [None, np.array([3000, 2900, 2000, 700], np.int64)])
@given(checkpoint=st.integers(1, 3000))
def test_segments_have_the_bits_of_the_whole(lengths, reverse, checkpoint):
    whole = Sweep(3000, 4, lengths, reverse)
    stream = stream_of(whole, scale=2) * np.float32(0.1) + np.float32(0.3)
    found = None
    for first, last in reversed(whole.segments(checkpoint)):
        part = whole.segment(first, last)
        found = stretch_sum(part, added_up(part, stream[first:last]), UNITS, so_far=found)
    np.testing.assert_array_equal(found, stretch_sum(whole, added_up(whole, stream), UNITS))


@pytest.mark.parametrize(("steps", "rows"), [(0, 3), (3, 0)])
def test_of_nothing(steps, rows):
    sweep = Sweep(steps, rows)
    np.testing.assert_array_equal(stretch_sum(sweep, zero_sums(sweep, F32, UNITS), UNITS), np.zeros(UNITS))
