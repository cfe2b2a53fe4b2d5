"""Counters that threads wait on."""

import threading
import time

import numpy as np
import pytest
from numba import njit

from rnncc.runtime.spin import FOREVER, LINE, atomic_write, barrier, wait_until


@njit(nogil=True)
def _reaches(counters, value, looks):
    return wait_until(counters, 0, 1, value, looks)


@njit(nogil=True)
def _rounds(counters, written, own, parts, rounds):
    """Each part writes the number of the round, meets the others, and counts how many of them it finds in the same round."""
    meeting, seen = 0, 0
    for k in range(rounds):
        atomic_write(written, own, 0, k)
        meeting = barrier(counters, parts, meeting)
        for part in range(parts):
            seen += written[part, 0] == k
        meeting = barrier(counters, parts, meeting)
    return meeting, seen


def test_a_wait_ends_with_its_value_or_its_looks():
    counters = np.zeros((1, LINE), np.int64)
    assert not _reaches(counters, 1, 0)
    assert not _reaches(counters, 1, 5000)
    counters[0, 1] = 7
    assert _reaches(counters, 7, 1)
    assert _reaches(counters, 6, 1)


def test_a_wait_sees_what_another_thread_writes():
    counters = np.zeros((1, LINE), np.int64)
    found = []
    _reaches(counters, 0, 1)
    waiting = threading.Thread(target=lambda: found.append(_reaches(counters, 1, FOREVER)))
    waiting.start()
    time.sleep(0.05)
    assert not found
    counters[0, 1] = 1
    waiting.join(20)
    assert found == [True]


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_nobody_passes_a_barrier_alone(parts):
    rounds, counters, written = 300, np.zeros((1, LINE), np.int64), np.full((parts, LINE), -1)
    _rounds(np.zeros((1, LINE), np.int64), np.zeros((1, LINE), np.int64), 0, 1, 1)
    results = [None] * parts

    def run(own):
        results[own] = _rounds(counters, written, own, parts, rounds)

    threads = [threading.Thread(target=run, args=(own,)) for own in range(parts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [(2 * rounds, parts * rounds)] * parts
