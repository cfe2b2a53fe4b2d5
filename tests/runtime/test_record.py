"""What was taken down once is done again: kernels by their addresses, copies row by row, in order, by one thread or several."""

import numpy as np
import pytest

from rnncc.errors import InternalError
from rnncc.runtime import record
from rnncc.runtime.compiled import kernel
from rnncc.runtime.enlist import dismiss, enlist
from rnncc.runtime.record import Record


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


def bounds(*starts):
    return np.array(starts, np.int64)


@pytest.mark.parametrize("starts", [(0, 5), (0, 2, 5)])
@pytest.mark.parametrize("room", [0, 1022])
def test_calls_and_copies_in_order(monkeypatch, starts, room):
    monkeypatch.setattr(record, "_ROOM", room)
    given, wide, made, left = (np.zeros((5, n)) for n in (3, 4, 4, 4))
    found = Record(bounds(*starts))
    found.copy(wide[:, :3], given)
    found.call(_scaled, wide, 2.0, made)
    found.copy(left, made)
    found.call(_scaled, left, 0.5, made)
    assert not made.any()
    run = found.bound()
    for k in range(3):
        given[...] = np.arange(15).reshape(5, 3) + k
        run()
        np.testing.assert_array_equal(left[:, :3], 2 * given)
        np.testing.assert_array_equal(made[:, :3], given)
        assert not made[:, 3].any()


def test_its_arrays_live_on():
    target = np.zeros((2, 3))
    found = Record(bounds(0, 2))
    found.call(_scaled, np.ones((2, 3)), 3.0, target)
    filler = [np.full((2, 3), 7.0) for _ in range(50)]
    found.bound()()
    assert len(filler) == 50
    np.testing.assert_array_equal(target, 3)


def test_of_no_rows():
    found = Record(bounds(0, 0))
    found.copy(np.zeros((0, 3)), np.zeros((0, 3)))
    found.call(_scaled, np.zeros((0, 3)), 1.0, np.zeros((0, 3)))
    found.bound()()


def test_a_failure_raises_in_the_caller():
    found = Record(bounds(0, 2))
    found.call(_failing, np.ones(2))
    with pytest.raises(MemoryError, match="a kernel ran out of memory"):
        found.bound()()


def test_rows_alone_may_lie_apart():
    with pytest.raises(InternalError, match=r"a record copies rows: found \(2, 3\) to \(2, 3\)"):
        Record(bounds(0, 2)).copy(np.zeros((2, 3)), np.zeros((2, 6))[:, ::2])
