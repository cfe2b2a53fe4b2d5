"""Which calls are replayed, and by how many threads: of shapes alone."""

import pytest

from rnncc.runtime.cell_info import CellInfo, Parameter, State
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.replay_cost import Cost
from rnncc.runtime.tile import SHORT, TALL, shares_units

LSTM = 4 * 128 * 257 + 64 * 128
"""What a row of an LSTM of 128 units meets in a step."""


def cost(steps, rows, *, work=LSTM, layers=1, copied=1024, training=False):
    return Cost(steps, rows, work, layers, copied, training)


@pytest.mark.parametrize("training", [False, True])
def test_small_calls_are_made_by_one_thread_and_larger_ones_by_all(training):
    assert cost(1, 1, training=training).threads(2) == 1
    assert cost(100, 1, training=training).threads(2) == 2
    assert cost(100, 1, training=training).threads(1) == 1


def test_a_single_step_is_shared_by_rows():
    assert cost(1, TALL, work=1 << 30).threads(8) == 1
    assert cost(1, 3 * TALL, work=1 << 30).threads(8) == 3


def test_threads_that_meet_in_every_step_need_more_to_share():
    work = 1000
    assert cost(100, SHORT * 2, work=work).threads(2) == 2
    assert cost(100 * SHORT * 2, 1, work=work).threads(2) == 1


@pytest.mark.parametrize("threads", [2, 8])
def test_few_rows_are_shared_by_their_units_and_fewer_of_small_layers(threads):
    small, large = 4 * 64 * 129, LSTM
    assert [shares_units(rows * threads, threads, large) for rows in (1, 2, 3)] == [True, True, False]
    assert [shares_units(rows * threads, threads, small) for rows in (1, 2, 3)] == [True, False, False]
    assert not shares_units(1, 1, large)


@pytest.mark.parametrize("training", [False, True])
def test_layers_of_long_sequences_have_a_thread_each(training):
    """Units of 64: a step is too short to meet in. Not where there is one layer or thread, one step, or many rows."""
    work = 2 * (4 * 64 * 129 + 64 * 64)
    assert cost(1000, 1, work=work, layers=2, training=training).waves(2)
    assert cost(1000, 1, work=work, layers=2, training=training).threads(2) == 2
    assert not cost(1000, 1, work=work, training=training).waves(2)
    assert not cost(1000, 1, work=work, layers=2, training=training).waves(1)
    assert not cost(1, 1, work=work, layers=2, training=training).waves(2)
    assert not cost(1000, 64, work=work, layers=2, training=training).waves(2)


def test_layers_of_shorter_sequences_too_where_sums_over_time_need_no_segments():
    assert cost(100, 1, work=2 * LSTM, layers=2, training=True).waves(2)
    assert not cost(100, 1, work=2 * LSTM, layers=2).waves(2)


@pytest.mark.parametrize("training", [False, True])
def test_large_layers_are_shared(training):
    """One thread would read all weights of a layer, again in each segment, and not find them in its cache."""
    assert cost(1000, 1, work=2 << 18, layers=2, training=training).waves(2)
    assert not cost(1000, 1, work=(2 << 18) + 1, layers=2, training=training).waves(2)


def test_layers_that_do_not_divide_wait():
    """Of three layers of 128 units one thread has two, which takes longer than meeting."""
    assert not cost(1000, 1, work=3 * LSTM, layers=3, training=True).waves(2)
    assert cost(1000, 1, work=4 * LSTM, layers=4, training=True).waves(2)


@pytest.mark.parametrize("steps", [1, 12, 13, 100, 1000])
def test_segments_of_time(steps):
    segment = cost(steps, 1, layers=2).segment
    assert segment >= 12
    assert -(-steps // segment) <= 32


def test_nobody_waits_for_a_sleeper_longer_than_it_helps():
    assert not cost(1, 1).waits(2)
    assert cost(1000, 1).waits(2)
    assert not cost(1000, 1).waits(1)


@pytest.mark.parametrize(("training", "most"), [(False, 16 << 20), (True, 8 << 20)])
def test_calls_of_nothing_and_of_many_bytes_are_not_replayed(training, most):
    assert not cost(0, 1, training=training).worth_replaying()
    assert not cost(1, 0, training=training).worth_replaying()
    assert cost(1, 1, copied=most, training=training).worth_replaying()
    assert not cost(1, 1, copied=most + 1, training=training).worth_replaying()


def test_what_a_row_meets_is_added_up_over_layers():
    """Weights of 3 x 5 and 5 x 5, a bias, and functions that take as long as 64 weights a unit."""
    weights = (Parameter("W", ("hidden", "input")), Parameter("U", ("hidden", "hidden")), Parameter("b", ("hidden",), bias=True))
    cell = CellInfo("Cell", "", (("x", ("input",)),), (State("h", ("hidden",)),), weights, ("hidden",))
    assert Geometry(cell, 3, 5, 1, 1).row_work == 15 + 25 + 5 + 64 * 5
    assert Geometry(cell, 3, 5, 2, 1).row_work == 15 + 25 + 5 + 64 * 5 + 55 + 64 * 5
