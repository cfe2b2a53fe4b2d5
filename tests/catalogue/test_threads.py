"""The same bits from run to run, for any number of threads, for callers at once and in a forked child."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.catalogue.cases import EACH_ONCE, call_of, changed, found_by, layer_of

ROWS = (1, 3, 9, 40)
"""Few rows are shared out by units, many by rows."""
CALLERS = 8
needs_fork = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")


def lengths_of(rows):
    """Ragged, unsorted, some empty."""
    return [(5 * row + 3) % 8 for row in range(rows)]


def calls_of(layer):
    """One of each number of rows, full and ragged."""
    return [call_of(layer, lengths, rows=rows, seed=rows) for rows in ROWS for lengths in (None, lengths_of(rows))]


@pytest.mark.parametrize(("cell", "keywords"), EACH_ONCE, ids=str)
def test_the_number_of_threads_changes_no_bit(cell, keywords):
    one, *more = (layer_of(cell, keywords, 2, True, threads=threads) for threads in (1, 2, 3))
    for call in calls_of(one):
        expected = found_by(one, call)
        for layer in more:
            assert not changed(found_by(layer, call), expected)


@pytest.mark.parametrize("rows", ROWS)
def test_a_hundred_runs_give_the_same_bits(rows):
    layer = layer_of("lstm", {}, 2, True, threads=2)
    call = call_of(layer, lengths_of(rows), rows=rows)
    expected = found_by(layer, call)
    assert not any(changed(found_by(layer, call), expected) for _ in range(100))


def test_callers_at_once_get_what_they_get_alone():
    layer = layer_of("lstm", {}, 2, True, threads=2)
    calls = calls_of(layer)
    assert len(calls) == CALLERS
    alone = [found_by(layer, call) for call in calls]
    start = threading.Barrier(CALLERS)

    def again(k):
        start.wait()
        return [changed(found_by(layer, calls[k]), alone[k]) for _ in range(25)]

    with ThreadPoolExecutor(CALLERS) as pool:
        assert not [found for run in pool.map(again, range(CALLERS)) for found in run if found]


def fork(layer, calls, expected, runs):
    """What a forked child that repeats every call ends with: 0 for the bits of its parent, None where it does not end."""

    def repeat():
        for call, bits in zip(calls, expected, strict=True):
            assert not any(changed(found_by(layer, call), bits) for _ in range(runs))

    child = multiprocessing.get_context("fork").Process(target=repeat)
    child.start()
    child.join(60)
    code = child.exitcode
    child.kill()
    child.join()
    return code


@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_computes_the_same():
    layer = layer_of("lstm", {}, 2, True, threads=2)
    calls = [call_of(layer, lengths_of(rows), rows=rows) for rows in (1, 40)]
    assert fork(layer, calls, [found_by(layer, call) for call in calls], runs=100) == 0


@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_child_forked_while_others_compute():
    layer = layer_of("lstm", {}, 2, True, threads=2)
    calls = [call_of(layer, lengths_of(rows), rows=rows) for rows in (1, 40)]
    expected = [found_by(layer, call) for call in calls]
    over = threading.Event()

    def go_on(call):
        while not over.is_set():
            found_by(layer, call)

    with ThreadPoolExecutor(len(calls)) as pool:
        busy = [pool.submit(go_on, call) for call in calls]
        codes = [fork(layer, calls, expected, runs=3) for _ in range(5)]
        over.set()
        for one in busy:
            one.result()
    assert codes == [0] * 5
