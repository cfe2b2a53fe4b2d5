"""What was taken down once is done again: kernels by their addresses, copies row by row, in order, by one thread or several."""

import threading
import time

import numpy as np
import pytest

from rnncc.errors import InternalError
from rnncc.runtime import record
from rnncc.runtime.compiled import kernel
from rnncc.runtime.enlist import dismiss, enlist
from rnncc.runtime.record import Record
from rnncc.runtime.share import rows_of, share, shares, units_of
from rnncc.runtime.spans import ALL
from rnncc.runtime.spin import barrier


@kernel
def _scaled(part, posts, bounds, source, factor, target):
    """target[row] = factor source[row]."""
    enlist(part, posts)
    for row in range(bounds[part], bounds[part + 1]):
        for unit in range(target.shape[1]):
            target[row, unit] = factor * source[row, unit]
    dismiss(part, posts)


@kernel
def _failing(part, posts, bounds, rows):
    """Raises where there are rows."""
    enlist(part, posts)
    for row in range(bounds[part], bounds[part + 1]):
        if rows[row]:
            raise MemoryError("none left")
    dismiss(part, posts)


@kernel
def _met(part, posts, bounds, meet, live, target):
    """Each step adds up what all units were before it: threads that share units meet in between."""
    enlist(part, posts)
    first, last = rows_of(part, bounds, meet)
    own, owners = units_of(part, bounds, meet)
    low, high = share(target.shape[2], own, owners)
    meeting = 0
    for step in range(len(live)):
        for row in range(first, last):
            total = 0.0
            for unit in range(target.shape[2]):
                total += target[step, row, unit]
            for unit in range(low, high):
                target[step + 1, row, unit] = total + unit
        meeting = barrier(meet, owners, meeting)
    dismiss(part, posts)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("room", [0, 1022])
def test_calls_and_copies_in_order(monkeypatch, threads, waits, room):
    monkeypatch.setattr(record, "_ROOM", room)
    given, wide, made, left = (np.zeros((5, n)) for n in (3, 4, 4, 4))
    found, rows = Record(threads, waits=waits), shares(5, threads)
    found.copy(wide[:, :3], given)
    found.call(_scaled, rows, wide, 2.0, made)
    found.copy(left, made)
    found.call(_scaled, [0, 5], left, 0.5, made)
    assert not made.any()
    run = found.bound()
    for k in range(30):
        given[...] = np.arange(15).reshape(5, 3) + k
        run()
        np.testing.assert_array_equal(left[:, :3], 2 * given)
        np.testing.assert_array_equal(made[:, :3], given)
        assert not made[:, 3].any()


def chain(threads, steps=50):
    """A record whose lines all need what other parts wrote, and its array (T + 1, N, units)."""
    target = np.zeros((steps + 1, 2, 5))
    found = Record(threads, waits=True)
    if threads > 1:
        found.call_meeting(_met, 2, np.zeros(steps), target)
    else:
        found.call(_met, [0, 2], np.zeros((0, 8), np.int64), np.zeros(steps), target)
    found.copy(target[0], target[steps])
    found.call(_scaled, shares(2, threads), target[0], 1e-30, target[1])
    return found, target


def expected_chain(runs):
    found, target = chain(1)
    run = found.bound()
    for _ in range(runs):
        run()
    return target


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_that_meet_within_a_line_and_between_lines(threads):
    found, target = chain(threads)
    run = found.bound()
    for _ in range(3):
        run()
    np.testing.assert_array_equal(target, expected_chain(3))


def test_callers_at_once_and_pauses():
    """While the team works for another, or sleeps, each caller goes through its record alone."""
    expected, wrong = expected_chain(40), []

    def call():
        found, target = chain(2)
        run = found.bound()
        for k in range(40):
            run()
            if k % 10 == 9:
                time.sleep(0.002)
        wrong.extend(k for k in range(len(target)) if not np.array_equal(target[k], expected[k]))

    callers = [threading.Thread(target=call) for _ in range(4)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    assert not wrong


def test_what_does_not_divide_goes_to_one_thread_and_to_the_other():
    found = Record(2)
    assert sorted([found.shares(11), found.shares(11)]) == [[0, 5, 11], [0, 6, 11]]
    assert sorted([found.shares(1), found.shares(1)]) == [[0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("reads", "writes", "meets"),
    [(0, 2, False), (1, 2, True), (2, 0, True), (2, 1, True), (2, 3, False)],
)
def test_threads_meet_where_a_line_needs_others(reads, writes, meets):
    a = np.zeros((4, 3, 2))
    found = Record(2)
    found.copy(a[1], a[0])
    found.copy(a[writes], a[reads])
    assert [line[0] for line in found._lines] == [0, meets]


@pytest.mark.parametrize(
    ("reads", "writes", "owner", "meets"),
    [(1, 2, 0, False), (1, 2, 1, True), (2, 1, 0, False), (2, 1, 1, True), (2, 0, 1, True), (2, 3, 1, False), (1, 2, ALL, True)],
)
def test_a_thread_need_not_wait_for_itself(reads, writes, owner, meets):
    a = np.zeros((4, 3, 2))
    found = Record(2)
    with found.by(0):
        found.copy(a[1], a[0])
    with found.by(owner):
        found.copy(a[writes], a[reads])
    assert [line[0] for line in found._lines] == [0, meets]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_lines_of_one_thread_each(threads):
    """Two chains of calls and copies side by side, the second reading what the first made; then everybody reads both."""
    given, first, second, both = np.zeros((5, 3)), np.zeros((5, 3)), np.zeros((5, 3)), np.zeros((2, 5, 3))
    found = Record(threads, waits=True)
    for _ in range(20):
        with found.by(0):
            found.call(_scaled, [0, 5], given, 2.0, first)
            found.copy(given, first)
        with found.by(1 % threads):
            found.call(_scaled, [0, 5], first, -1.0, second)
    found.copy(both[0], first)
    found.copy(both[1], second)
    run = found.bound()
    for k in range(30):
        given[...] = np.arange(15).reshape(5, 3) + k
        expected = given * 2.0**20
        run()
        np.testing.assert_array_equal(both, [expected, -expected])


def test_axes_that_lie_one_behind_the_other_are_copied_as_one():
    source, target = np.arange(120.0).reshape(2, 3, 4, 5), np.zeros((2, 3, 4, 5))
    found = Record()
    found.copy(target, source)
    found.copy(target[..., :2], source[..., 3:])
    found.copy(target[0, 0, 0, 2:4], source[1, 0, 0, 2:4])
    assert len(found._lines) == 3
    found.bound()()
    expected = source.copy()
    expected[..., :2] = source[..., 3:]
    expected[0, 0, 0, 2:4] = source[1, 0, 0, 2:4]
    found.copy(target[:, :, :2], source[:, :, 2:])
    assert len(found._lines) == 3 + 2 * 3
    found.bound()()
    expected[:, :, :2] = source[:, :, 2:]
    np.testing.assert_array_equal(target, expected)


def test_its_arrays_live_on():
    target = np.zeros((2, 3))
    found = Record()
    found.call(_scaled, [0, 2], np.ones((2, 3)), 3.0, target)
    filler = [np.full((2, 3), 7.0) for _ in range(50)]
    found.bound()()
    assert len(filler) == 50
    np.testing.assert_array_equal(target, 3)


def test_of_no_rows():
    found = Record()
    found.copy(np.zeros((0, 3)), np.zeros((0, 3)))
    found.call(_scaled, [0, 0], np.zeros((0, 3)), 1.0, np.zeros((0, 3)))
    found.bound()()


@pytest.mark.parametrize(("threads", "rows"), [(1, [1, 1]), (2, [1, 0]), (2, [0, 1])])
def test_a_failure_raises_in_the_caller(threads, rows):
    found = Record(threads, waits=True)
    found.call(_failing, shares(2, threads), np.array(rows))
    with pytest.raises(MemoryError, match="ran out of memory"):
        found.bound()()


def test_rows_alone_may_lie_apart():
    with pytest.raises(InternalError, match=r"a record copies rows: found strides \(48, 16\) to \(24, 8\)"):
        Record().copy(np.zeros((2, 3)), np.zeros((2, 6))[:, ::2])
    with pytest.raises(InternalError, match=r"a record copies rows: found \(2, 1\) to \(2, 3\)"):
        Record().copy(np.zeros((2, 3)), np.zeros((2, 1)))
