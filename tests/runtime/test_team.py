"""Threads that share work: every part once, from several callers at once, and how rows are shared out."""

import itertools
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.errors import TypingError

from rnncc.runtime.compiled import kernel
from rnncc.runtime.enlist import dismiss, enlist
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.team import row_bounds, run_parts


@kernel
def _marked(part, posts, bounds, marks, spins):
    """marks[first:last] += part + 1, slowly."""
    enlist(part, posts)
    for k in range(bounds[part], bounds[part + 1]):
        for _ in range(spins):
            marks[k] += 1
        marks[k] += part + 1 - spins
    dismiss(part, posts)


@pytest.mark.parametrize("bounds", [[0, 7], [0, 3, 7], [0, 2, 2, 5], [0, 1, 2, 3, 4, 5, 6]])
def test_every_part_runs_once(bounds):
    for _ in range(20):
        marks = np.zeros(bounds[-1])
        run_parts(_marked, bounds, marks, 1000)
        expected = np.repeat(np.arange(1, len(bounds)), np.diff(bounds))
        np.testing.assert_array_equal(marks, expected)


def test_of_nothing():
    marks = np.zeros(0)
    run_parts(_marked, [0, 0], marks, 1)


def test_callers_at_once_each_get_their_own():
    found = {}

    def call(name):
        for _ in range(50):
            marks = np.zeros(8)
            run_parts(_marked, [0, 2, 5, 8], marks, 500)
            found.setdefault(name, set()).add(marks.tobytes())

    callers = [threading.Thread(target=call, args=(k,)) for k in range(6)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    expected = np.repeat([1.0, 2.0, 3.0], [2, 3, 3]).tobytes()
    assert found == {k: {expected} for k in range(6)}


def test_a_wrong_argument_raises_in_the_caller_and_the_team_goes_on():
    with pytest.raises(TypingError, match="unicode_type"):
        run_parts(_marked, [0, 2, 4], "no array", 1)
    marks = np.zeros(4)
    run_parts(_marked, [0, 2, 4], marks, 1)
    np.testing.assert_array_equal(marks, [1, 1, 2, 2])


sweeps = st.builds(
    lambda steps, ends, threads, ragged: Sweep(
        steps, len(ends), np.sort(np.minimum(ends, steps)).astype(np.int64)[::-1] if ragged else None, threads=threads
    ),
    st.integers(0, 12),
    st.lists(st.integers(0, 12), max_size=20),
    st.integers(1, 9),
    st.booleans(),
)


@settings(derandomize=True, database=None, deadline=None)
@given(sweeps)
def test_shares_of_rows_cover_the_batch_in_order(sweep):
    bounds = row_bounds(sweep)
    assert bounds[0] == 0
    assert bounds[-1] == sweep.batch
    assert bounds == sorted(bounds)
    assert 2 <= len(bounds) <= max(2, sweep.threads + 1)


@settings(derandomize=True, database=None, deadline=None)
@given(sweeps)
def test_no_share_is_more_than_one_sequence_larger_than_an_equal_one(sweep):
    bounds = row_bounds(sweep)
    lengths = np.full(sweep.batch, sweep.steps) if sweep.lengths is None else sweep.lengths
    steps = [lengths[a:b].sum() for a, b in itertools.pairwise(bounds)]
    assert max(steps, default=0) <= lengths.sum() / (len(bounds) - 1) + lengths.max(initial=0)
