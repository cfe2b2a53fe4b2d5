"""Memory that is handed from array to array."""

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import rnncc
from rnncc.runtime import aligned
from rnncc.runtime.pool import POOL, Pool

SIZE = 1 << 20
FLOAT = np.dtype(np.float32)


def address(array):
    return array.__array_interface__["data"][0]


def test_what_nobody_uses_is_taken_up_by_its_size():
    pool = Pool()
    piece = pool.take(100)
    where = address(piece)
    pool.give(piece)
    del piece
    assert pool.idle == 100
    assert address(pool.take(99)) != where
    assert address(pool.take(100)) == where
    assert pool.idle == 0


def test_what_was_not_taken_up_for_longest_goes_first():
    pool = Pool(most=1000)
    pieces = [pool.take(400), pool.take(400), pool.take(150)]
    for piece in pieces:
        pool.give(piece)
    assert pool.idle == 950
    pool.take(400)  # what is left of this size is now the last to go
    pool.give(np.empty(500, np.uint8))
    assert pool.idle == 900
    assert pool.take(150) is not pieces[2]
    assert address(pool.take(400)) == address(pieces[0])


def test_nothing_larger_than_the_pool_is_kept():
    pool = Pool(most=10)
    pool.give(np.empty(11, np.uint8))
    assert pool.idle == 0


def test_whoever_finds_the_pool_in_use_does_without():
    pool = Pool()
    pool.give(pool.take(10))
    with pool._lock:
        assert len(pool.take(10)) == 10
        pool.give(np.empty(10, np.uint8))
    assert pool.idle == 10


def test_memory_is_handed_on_when_the_last_array_in_it_is_gone():
    made = aligned.empty((SIZE,), FLOAT)
    part, where = made[5:], address(made)
    del made
    gc.collect()
    other = aligned.empty((SIZE,), FLOAT)
    assert address(other) != where
    del part
    assert address(aligned.empty((SIZE,), FLOAT)) == where


def test_threads_at_once_share_nothing():
    def work(number):
        for _ in range(200):
            made = aligned.empty((SIZE // 16,), FLOAT)
            made[:] = number
            assert (made == number).all()
        return True

    with ThreadPoolExecutor(8) as executor:
        assert all(executor.map(work, range(8)))


@pytest.mark.parametrize("train", [False, True])
def test_results_of_calls_lie_in_memory_of_their_own(train):
    layer = rnncc.RNN("lstm", 64, 64, seed=0)
    x = np.random.default_rng(0).standard_normal((300, 16, 64), np.float32)

    def call():
        if not train:
            return layer(x)[0]
        (y, _), pullback = layer.vjp(x)
        return np.concatenate([y, pullback(y).x], axis=2)

    first = call()
    kept = first.copy()
    for _ in range(3):
        call()
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(call(), kept)


def test_the_pool_of_the_process_stays_within_its_bound():
    for shift in range(40):
        aligned.empty((4 * SIZE + shift,), FLOAT)
    assert 0 < POOL.idle <= 1 << 28
