"""A whole loop by the threads of a few blocks: what they share, where they meet, and what happens where they cannot."""

import numpy as np
import pytest

from rnncc.runtime import host
from rnncc.runtime.cuda import barrier as barriers
from rnncc.runtime.cuda.barrier import LINE, barrier
from rnncc.runtime.cuda.compiled import kernel
from rnncc.runtime.cuda.constants import INFINITY, LANES, TILE
from rnncc.runtime.cuda.places import grid_threads, grid_warps, thread_number, threads
from rnncc.runtime.cuda.vocabulary import Max
from rnncc.runtime.cuda.warp import sync_warp, warp_max, warp_sum
from tests.cuda import emulator
from tests.cuda.lstm_loop import inference_loop
from tests.cuda.panels import padded, panel

EPS = np.finfo(np.float64).eps


def lstm(weights, pre, h_seq, c, live, against):
    """What the steps make of the first states in `h_seq` (T + 1, N, H) and in `c`, in place."""
    for tick in range(len(live)):
        time = len(live) - 1 - tick if against else tick
        before, after = (time + 1, time) if against else (time, time + 1)
        rows = slice(live[time])
        i, f, g, o = (p[time, rows] + h_seq[before, rows] @ w.T for p, w in zip(pre, weights, strict=True))
        c[rows] = host.sigmoid(f) * c[rows] + host.sigmoid(i) * np.tanh(g)
        h_seq[after, rows] = host.sigmoid(o) * np.tanh(c[rows])


@pytest.mark.parametrize(
    ("against", "batch", "rows", "owners", "keep", "size"),
    [(False, 5, 16, 2, 1, 1), (True, 4, 2, 1, 3, 1), (False, 5, 16, 2, 1, 2)],
    ids=["blocks that share the units of all rows", "blocks with rows of their own", "a cluster"],
)
def test_an_lstm(run, against, batch, rows, owners, keep, size):
    rng, hidden = np.random.default_rng(0), 20
    weights = [rng.normal(size=(hidden, hidden)) / 4 for _ in range(4)]
    live = np.array([batch, batch - 1])
    pre = [rng.normal(size=(len(live), batch, hidden)) for _ in range(4)]
    c = rng.normal(size=(batch, hidden))
    h_seq = rng.normal(size=(len(live) + 1, batch, hidden))  # a row begins where it lives first
    expected, expected_c = h_seq.copy(), c.copy()
    lstm(weights, pre, expected, expected_c, live, against)
    packed, made, made_c = panel([[w] for w in weights], "float64"), padded(h_seq), padded(c)
    parts = -(-batch // rows)
    meet = np.zeros(LINE * (1 + parts), np.int32)
    run(
        *(inference_loop, "float64", parts * owners, 4 * TILE + keep * packed[0].size),
        *(meet, owners, rows, live, against, keep, hidden, packed, made, *map(padded, pre), made_c),
        size=size,
    )
    assert meet[0] == 0
    assert meet.any() == (owners > 1 and size == 1)
    close = {"rtol": hidden * EPS, "atol": hidden * EPS}  # sums of `hidden` products, of numbers around 1
    np.testing.assert_allclose(made[..., :hidden], expected, **close)
    np.testing.assert_allclose(made_c[:, :hidden], expected_c, **close)
    assert not made[..., hidden:].any()


@kernel
def meetings(meet, owners, times, seen):
    """Each block's number of meetings after it has met `times` times."""
    meeting = 0
    for _ in range(times):
        meeting = barrier(meet, owners, meeting)
    if thread_number() == 0:
        seen[0] = meeting


def test_who_waits_for_a_block_that_never_comes_gives_up_and_says_so(monkeypatch):
    monkeypatch.setattr(barriers, "PATIENCE", 600)
    emulator.forget()
    meet, seen = np.zeros(2 * LINE, np.int32), np.zeros(1)
    emulator.run(meetings, "float64", 1, 1, meet, 2, 3, seen)
    emulator.forget()
    assert meet[0] == 1
    assert seen[0] == 3
    assert meet[LINE] == 3  # it arrived all the same


def test_who_sees_that_another_gave_up_waits_no_more(run):
    meet, seen = np.zeros(2 * LINE, np.int32), np.zeros(1)
    meet[0] = 1
    run(meetings, "float64", 1, 1, meet, 2, 2, seen)
    assert seen[0] == 2
    assert meet[LINE] == 2


@kernel
def from_meeting(meet, owners, meeting, times, seen):
    """As `meetings`, of blocks that have met so often already."""
    for _ in range(times):
        meeting = barrier(meet, owners, meeting)
    if thread_number() == 0:
        seen[0] = meeting


def test_a_counter_goes_on_past_the_largest_integer(run):
    times, before = 2, 2**31 - 2
    meet, seen = np.zeros(2 * LINE, np.int32), np.zeros(1)
    meet[LINE] = np.array(before + times, np.int64).astype(np.int32)  # the other block was here already
    run(from_meeting, "float64", 1, 1, meet, 2, before // 2, times, seen)
    assert meet[0] == 0
    assert seen[0] == before // 2 + times


@kernel
def places(values, by_thread, by_warp, shown, sums, largest):
    """Which threads and warps of a grid come by, what lanes see of each other, and what they make of their numbers together."""
    _, warp, lane = threads()
    number, all_threads = grid_threads()
    by_thread[number] += all_threads
    own, own_lane, all_warps = grid_warps()
    by_warp[own, own_lane] += all_warps + lane
    sync_warp()
    shown[own, lane] = by_warp[own, LANES - 1 - lane]
    sums[own, lane] = warp_sum(values[number])
    most = -INFINITY
    if lane >= warp:
        most = Max(most, values[number])
    largest[own, lane] = warp_max(most)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_places_and_warps(run, dtype):
    blocks, warps = 2, 16
    by_thread, by_warp, shown, sums, largest = np.zeros(warps * LANES, dtype), *np.zeros((4, warps, LANES), dtype)
    values = np.random.default_rng(0).normal(size=(warps, LANES)).astype(dtype)
    run(places, dtype, blocks, 1, values.ravel(), by_thread, by_warp, shown, sums, largest)
    assert (by_thread == warps * LANES).all()
    assert (by_warp == warps + np.arange(LANES)).all()
    np.testing.assert_array_equal(shown, by_warp[:, ::-1])
    assert (sums == sums[:, :1]).all()
    terms = np.abs(values).sum(1, np.float64).max()
    np.testing.assert_allclose(sums[:, 0], values.sum(1, np.float64), rtol=0, atol=5 * np.finfo(dtype).eps * terms)  # five additions
    seen = np.where(np.arange(LANES) >= np.arange(warps)[:, None] % 8, values, -np.inf)
    np.testing.assert_array_equal(largest, np.tile(seen.max(1, keepdims=True), LANES))
