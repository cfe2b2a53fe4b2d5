"""Work that is kept apart: results in order, failures, forked children; two directions side by side give what they give in turn."""

import os
import threading

import numpy as np
import pytest

import rnncc
from rnncc.runtime.apart import apart, worth_parting
from rnncc.runtime.sweep import Sweep


def test_results_in_order_from_threads_of_their_own():
    found = apart([threading.get_ident, threading.get_ident])
    assert found[0] == threading.get_ident() != found[1]


@pytest.mark.parametrize("failing", [0, 1])
def test_a_failure_comes_out_when_all_have_ended(failing):
    ended = []

    def work(k):
        if k == failing:
            raise MemoryError("none left")
        ended.append(k)

    with pytest.raises(MemoryError, match="none left"):
        apart([lambda: work(0), lambda: work(1)])
    assert ended == [1 - failing]


def test_in_a_forked_child():
    apart([int, int])
    child = os.fork()
    if not child:
        os._exit(int(apart([lambda: 3, lambda: 4]) != [3, 4]))
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    ("sweep", "hidden", "expected"),
    [
        (Sweep(1000, 1, threads=2), 64, True),
        (Sweep(1000, 1, threads=1), 64, False),
        (Sweep(1000, 8, threads=2), 64, False),
        (Sweep(100, 1, threads=2), 64, False),
    ],
)
def test_few_rows_and_much_work_are_worth_it(sweep, hidden, expected):
    assert worth_parting(sweep, hidden) == expected


def _results(threads):
    steps, rows, hidden = 600, 2, 60
    layer = rnncc.RNN("elman", 5, hidden, 2, bidirectional=True, threads=threads, seed=0)
    x = np.random.default_rng(0).standard_normal((steps, rows, 5)).astype(np.float32)
    lengths = [steps, steps - 77]
    y, finals = layer(x, lengths=lengths)
    (y_2, _), pullback = layer.vjp(x, lengths=lengths)
    g = pullback(y_2)
    return [y, y_2, finals["h"], g.x, g.state["h"], *g.params.values()]


def test_directions_side_by_side_give_the_same_bits():
    """With four threads each direction has a team of its own."""
    expected = _results(1)
    for threads in (2, 4):
        for one, other in zip(_results(threads), expected, strict=True):
            np.testing.assert_array_equal(one, other)
