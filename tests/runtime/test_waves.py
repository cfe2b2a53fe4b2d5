"""Layers a segment of time behind each other: what is cut, in which order, and how often threads meet."""

from dataclasses import replace

import numpy as np
import pytest

from rnncc.errors import InternalError
from rnncc.runtime.arrays import final, following, over_time, preceding, rows_from, trajectory
from rnncc.runtime.compiled import kernel
from rnncc.runtime.enlist import dismiss, enlist
from rnncc.runtime.record import Record
from rnncc.runtime.replay_cost import Cost
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.team import run_loop, run_rows
from rnncc.runtime.totals import column_sum
from rnncc.runtime.waves import taken_down

STEPS, ROWS, UNITS = 29, 2, 16
SWEEP = Sweep(STEPS, ROWS, threads=1)


@kernel
def _twice(part, posts, bounds, live, against, source, target):
    """target[time, row] = 2 source[time, row], of rows of all of time."""
    enlist(part, posts)
    for row in range(bounds[part], bounds[part + 1]):
        for unit in range(target.shape[2]):
            target[0, row, unit] = 2 * source[0, row, unit]
    dismiss(part, posts)


@kernel
def _sums(part, posts, bounds, meet, live, against, source, states, run):
    """A state that halves and adds what is read, and another that counts steps."""
    enlist(part, posts)
    for tick in range(len(live)):
        time = len(live) - 1 - tick if against else tick
        before, after = (time + 1, time) if against else (time, time + 1)
        for row in range(bounds[part], min(bounds[part + 1], live[time])):
            run[row, 0] += 1
            for unit in range(source.shape[2]):
                states[after, row, unit] = 0.5 * states[before, row, unit] + source[time, row, unit]
    dismiss(part, posts)


def layer(sweep, x, init, against):
    """As a driver of a generated module goes through a layer: output, final state, steps counted, a sum over time."""
    doubled = over_time(sweep, np.empty_like(x))
    run_rows(_twice, sweep.flat(), False, sweep.flattened(x), sweep.flattened(doubled))
    states, run = trajectory(sweep, init, against), rows_from(sweep, np.zeros((ROWS, 8), np.float32))
    run_loop(_sums, sweep, against, doubled, states, run)
    return following(states, against), final(sweep, states, UNITS, against), run, column_sum(sweep, preceding(states, against), UNITS)


def stack(sweep, x, init, against):
    found = []
    for k in (1, 0) if against else (0, 1):
        found.append(layer(sweep.of_layer(k), x, init, against))
        x = found[-1][0]
    return [array for own in found for array in own]


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def always(monkeypatch):
    monkeypatch.setattr(Cost, "waves", lambda self, threads: True)


def taken(threads, against, x, init):
    record = Record(threads, waits=True)
    with taken_down(record, SWEEP, Cost(STEPS, ROWS, 1, 2, 1, training=False), [x], against=against) as sweep:
        return record, stack(sweep, x, init, against)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("against", [False, True])
def test_a_stack_in_segments_has_the_bits_of_a_stack_in_one(always, rng, threads, against):
    x, init = (rng.standard_normal(shape).astype("float32") for shape in ((STEPS, ROWS, UNITS), (ROWS, UNITS)))
    record, found = taken(threads, against, x, init)
    run = record.bound()
    for _ in range(5):
        x[...], init[...] = rng.standard_normal(x.shape), rng.standard_normal(init.shape)
        run()
        for array, expected in zip(found, stack(SWEEP, x, init, against), strict=True):
            np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("against", [False, True])
def test_threads_meet_once_a_segment(always, against):
    """29 steps in segments of 12: the second layer waits for each of three, and nothing else waits."""
    record, _ = taken(2, against, np.zeros((STEPS, ROWS, UNITS), np.float32), np.zeros((ROWS, UNITS), np.float32))
    assert sum(line[0] for line in record._lines) == 3
    assert {line[-1] for line in record._lines} == {0, 1}


def test_what_is_not_cheaper_in_waves_is_taken_down_as_it_comes():
    record = Record(2)
    with taken_down(record, SWEEP, Cost(1, ROWS, 1, 2, 1, training=False), []) as sweep:
        assert sweep == replace(SWEEP, threads=2, record=record)
        assert sweep.of_layer(1).record is record


def test_threads_of_a_wave_do_not_meet_in_a_step(always):
    taking = taken_down(Record(2), SWEEP, Cost(STEPS, ROWS, 1, 2, 1, training=False), [])
    with taking as sweep, pytest.raises(InternalError, match="_sums: a layer is done by one thread of a wave"):
        sweep.record.call_meeting(_sums, ROWS)
