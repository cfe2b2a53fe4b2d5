"""Arrays that kernels work on: whole vectors, trajectories, shifts, results."""

import numpy as np
import pytest

from rnncc.runtime import arrays
from rnncc.runtime.simd import lanes_of
from rnncc.runtime.sweep import Sweep

LENGTHS = np.array([4, 3, 1, 0], np.int64)
UNITS = 5


def rows(rng, batch=4, units=UNITS):
    return rng.normal(size=(batch, units))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.dtype(np.float32), np.dtype(np.float64)])
def test_whole_vectors(dtype):
    width = lanes_of(dtype)
    assert [arrays.whole_vectors(n, dtype) for n in (0, 1, width, width + 1)] == [0, width, width, 2 * width]


def test_padded_adds_zeros_and_keeps_what_is_whole(rng):
    narrow = rows(rng)
    wide = arrays.padded(narrow)
    assert wide.flags.c_contiguous
    assert wide.shape[-1] == arrays.whole_vectors(UNITS, narrow.dtype)
    np.testing.assert_array_equal(wide[:, :UNITS], narrow)
    assert not wide[:, UNITS:].any()
    assert arrays.padded(wide) is wide


def test_padded_makes_contiguous(rng):
    width = lanes_of(np.float64)
    assert arrays.padded(rng.normal(size=(width, 3)).T).flags.c_contiguous


@pytest.mark.parametrize("units", [UNITS, lanes_of(np.float64)])
def test_rows_from_is_a_copy(rng, units):
    first = rows(rng, units=units)
    for given in (first, np.asfortranarray(first), first[:]):
        made = arrays.rows_from(Sweep(1, 4), given)
        assert made.flags.c_contiguous
        assert not np.shares_memory(made, first)
        np.testing.assert_array_equal(made[:, :units], first)


def stepped(sweep, first, stream, against):
    """A carry written out: its value before each step, after each step, and at the end; NaN where the sequence is dead."""
    before, after = np.full(stream.shape, np.nan), np.full(stream.shape, np.nan)
    last = first.copy()
    for t in range(sweep.steps)[:: -1 if against else 1]:
        for n in range(sweep.live()[t]):
            before[t, n], after[t, n], last[n] = last[n], stream[t, n], stream[t, n]
    return before, after, last


@pytest.mark.parametrize("against", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_shifted(rng, lengths, against):
    sweep = Sweep(4, 4, lengths)
    first, stream = rows(rng), rng.normal(size=(4, 4, UNITS))
    made = arrays.shifted(sweep, stream, first, against)
    before, after, last = stepped(sweep, first, stream, against)
    alive = ~sweep.dead()
    np.testing.assert_array_equal(arrays.preceding(made, against)[..., :UNITS][alive], before[alive])
    np.testing.assert_array_equal(arrays.following(made, against)[..., :UNITS][alive], after[alive])
    np.testing.assert_array_equal(arrays.final(sweep, made, UNITS, against), last)


@pytest.mark.parametrize("against", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_a_trajectory_begins_where_each_sequence_does(rng, lengths, against):
    sweep = Sweep(4, 4, lengths)
    first = rows(rng)
    made = arrays.trajectory(sweep, first, against)
    assert made.shape == (5, 4, arrays.whole_vectors(UNITS, first.dtype))
    starts = np.zeros(4, int) if not against else np.full(4, 4) if lengths is None else lengths
    np.testing.assert_array_equal(made[starts, np.arange(4), :UNITS], first)


@pytest.mark.parametrize("against", [False, True])
def test_without_a_step_the_first_value_is_the_last(rng, against):
    sweep = Sweep(0, 4)
    first = rows(rng)
    np.testing.assert_array_equal(arrays.final(sweep, arrays.trajectory(sweep, first, against), UNITS, against), first)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_a_result_is_new_narrow_and_zero_past_the_end(lengths):
    sweep = Sweep(4, 4, lengths)
    stream = arrays.new_stream(sweep, np.dtype(np.float64), UNITS)
    stream[:] = 7
    found = arrays.result(sweep, stream, UNITS)
    assert found.shape == (4, 4, UNITS)
    assert not np.shares_memory(found, stream)
    np.testing.assert_array_equal(found, np.where(sweep.dead()[:, :, None], 0, 7.0) * np.ones(UNITS))
    assert (stream == 7).all()


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("units", [UNITS, arrays.whole_vectors(UNITS, np.dtype(np.float64))])
def test_what_is_released_is_a_result_without_a_copy_if_it_fills_its_vectors(lengths, units):
    sweep = Sweep(4, 4, lengths)
    stream = arrays.new_stream(sweep, np.dtype(np.float64), units)
    stream[:] = 7
    expected = arrays.result(sweep, stream, units)
    found = arrays.released(sweep, stream, units)
    np.testing.assert_array_equal(found, expected)
    assert np.shares_memory(found, stream) == (units == stream.shape[-1])


def test_a_result_of_one_number_a_row():
    sweep = Sweep(2, 2, np.array([2, 1]))
    np.testing.assert_array_equal(arrays.result(sweep, np.ones((2, 2))), [[1, 1], [1, 0]])
