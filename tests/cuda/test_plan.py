"""How time loops are shared out: a pure function of shapes and of the chip."""

from dataclasses import replace

import pytest

from rnncc.errors import DeviceError
from rnncc.runtime.cuda.constants import DEPTH, ROWS, TILE, UNITS, WARPS, row_stride
from rnncc.runtime.cuda.plan import Chip, Weights, chunks_of, plan_loop

CHIP = Chip(132, 227 << 10)
HOPPER = Chip(132, 227 << 10, 16)
"""The same, where blocks can be clusters."""
SMALL = Chip(28, 99 << 10)
"""A chip with few multiprocessors and little shared memory."""


def gates(hidden, dtype="float32", number=4):
    """The recurrent weights of an LSTM."""
    return (Weights(-(-hidden // UNITS), number, row_stride(-(-hidden // DEPTH) * DEPTH, dtype), dtype),)


@pytest.mark.parametrize(
    ("batch", "hidden", "dtype", "parts", "owners", "keep"),
    [
        (16, 64, "float32", 1, 1, 8),  # one block does it all, and waits for nobody
        (16, 64, "uint16", 1, 1, 8),
        (16, 128, "float32", 1, 16, 1),  # a group of units each
        (16, 256, "float32", 1, 32, 1),
        (16, 512, "uint16", 1, 64, 1),
        (16, 768, "uint32", 1, 96, 1),
        (16, 1024, "float32", 1, 128, 1),
        (16, 1024, "uint16", 1, 128, 1),
        (16, 2048, "float32", 1, 128, 0),  # two groups each, neither of which fits: read again at every step
        (16, 2048, "uint16", 1, 128, 1),
        (128, 1024, "float32", 1, 128, 1),
        (128, 64, "float32", 8, 1, 8),  # a block for every 16 rows
        (1, 64, "float32", 1, 1, 8),
        (1, 1024, "float32", 1, 128, 1),
    ],
)
def test_plans(batch, hidden, dtype, parts, owners, keep):
    plan = plan_loop(batch, "float32", 4, gates(hidden, dtype), CHIP)
    assert (plan.parts, plan.owners, plan.keeps) == (parts, owners, (keep,))
    assert plan.together == (owners > 1)


@pytest.mark.parametrize(
    ("batch", "hidden", "dtype", "most", "parts", "owners", "keep"),
    [
        (16, 64, "float32", 16, 1, 8, 1),  # where no counter is worth it
        (16, 64, "uint16", 16, 1, 8, 1),
        (16, 128, "float32", 16, 1, 16, 1),
        (16, 128, "float32", 8, 1, 8, 2),
        (16, 256, "float32", 16, 1, 16, 2),
        (16, 256, "uint16", 16, 1, 16, 2),
        (16, 256, "uint16", 8, 1, 8, 4),
        (32, 256, "uint16", 16, 2, 16, 2),
        (128, 256, "uint16", 16, 8, 8, 4),  # all of clusters this large find room at once, of those of 16 seven
        (16, 40, "float32", 16, 1, 4, 2),  # five groups
    ],
)
def test_owners_that_are_clusters(batch, hidden, dtype, most, parts, owners, keep):
    plan = plan_loop(batch, "float32", 4, gates(hidden, dtype), replace(HOPPER, cluster=most))
    assert (plan.parts, plan.owners, plan.keeps) == (parts, owners, (keep,))
    assert plan.clustered
    assert not plan.together


@pytest.mark.parametrize(
    ("batch", "hidden", "dtype", "most"),
    [(16, 512, "float32", 16), (16, 512, "uint16", 16), (128, 256, "float32", 16), (16, 256, "float32", 8), (16, 1024, "uint16", 16)],
)
def test_more_owners_than_a_cluster_has_where_there_is_much_to_do(batch, hidden, dtype, most):
    plans = [plan_loop(batch, "float32", 4, gates(hidden, dtype), replace(HOPPER, cluster=k)) for k in (1, most)]
    assert plans[0] == plans[1]
    assert plans[0].owners > most


def test_clusters_beside_each_other():
    """A GPC has 16 or 18 multiprocessors, one may have fewer: of 132 some are beside too few others."""
    assert [HOPPER.clusters(owners) for owners in (2, 4, 8, 16)] == [66, 29, 14, 7]
    assert [HOPPER.share(2).clusters(owners) for owners in (2, 4, 8, 16)] == [33, 15, 7, 3]
    assert [Chip(most, 99 << 10, 16).clusters(most) for most in (2, 4, 8, 16)] == [1] * 4


@pytest.mark.parametrize(
    "chip", [CHIP, HOPPER, SMALL, SMALL.share(2), SMALL.share(5), replace(SMALL, cluster=8), Chip(1, 99 << 10), Chip(3, 99 << 10, 16)]
)
@pytest.mark.parametrize("batch", [1, 15, 16, 17, 100, 1000, 100_000])
@pytest.mark.parametrize("hidden", [1, 8, 65, 512, 3000])
@pytest.mark.parametrize(("dtype", "form"), [("float32", "float32"), ("float32", "uint16"), ("float64", "float64")])
def test_every_plan_can_be_run(chip, batch, hidden, dtype, form):
    panels = (*gates(hidden, form), *gates(hidden, form, number=1))
    plan = plan_loop(batch, dtype, 4, panels, chip)
    assert plan.parts * plan.rows >= batch > (plan.parts - 1) * plan.rows
    assert plan.rows % ROWS == 0
    assert plan.owners == 1 or plan.blocks <= chip.multiprocessors
    assert not plan.clustered or 1 < plan.owners <= min(chip.cluster, chip.multiprocessors)
    own = [-(-p.groups // plan.owners) for p in panels]
    assert all(0 <= keep <= most for keep, most in zip(plan.keeps, own, strict=True))
    sums = 4 * TILE * (8 if dtype == "float64" else 4)
    assert plan.shared == sums + sum(k * p.group_bytes for k, p in zip(plan.keeps, panels, strict=True)) <= chip.shared


@pytest.mark.parametrize("multiprocessors", [2, 3, 7, 132])
@pytest.mark.parametrize("grids", [1, 2, 3, 7, 12])
@pytest.mark.parametrize("batch", [16, 100])
def test_blocks_that_wait_find_room_in_every_share(multiprocessors, grids, batch):
    share = Chip(multiprocessors, 99 << 10).share(grids)
    plan = plan_loop(batch, "float32", 4, gates(512), share)
    assert plan.owners == 1 or grids * plan.blocks <= multiprocessors
    assert share.multiprocessors > 1 or plan.owners == 1  # of shares too small for each grid no block ever waits for another


@pytest.mark.parametrize(
    ("batch", "hidden", "dtype", "sooner"),
    [
        (16, 256, "float32", True),
        (16, 768, "uint16", True),
        (16, 1024, "uint16", True),
        (128, 1024, "float32", False),  # the weights of one direction find room on the whole chip, on half of it they do not
    ],
)
def test_where_two_directions_are_sooner_at_once(batch, hidden, dtype, sooner):
    whole, half = (plan_loop(batch, "float32", 4, gates(hidden, dtype), chip) for chip in (CHIP, CHIP.share(2)))
    assert (half.cycles <= 2 * whole.cycles) == sooner


def test_many_small_parts_run_in_waves():
    assert plan_loop(10_000, "float32", 4, gates(8), CHIP).owners == 1


def test_without_products_rows_are_shared_out():
    plan = plan_loop(17, "float32", 0, (), CHIP)
    assert (plan.parts, plan.rows, plan.owners, plan.shared) == (3, WARPS, 1, 0)


def test_sums_that_find_no_room_are_refused():
    with pytest.raises(DeviceError, match=r"20 sums needs 163,840 bytes .* has 101,376"):
        plan_loop(16, "float64", 20, gates(64, "float64", 20), SMALL)


@pytest.mark.parametrize(
    ("steps", "threads", "chunks"),
    [
        (1, 128, 1),  # a step of a stream
        (10, 128, 1),  # sooner done than a second kernel is launched
        (100, 128, 25),
        (1000, 128, 63),
        (1024, 2048, 64),
        (1024, 16 * 1024, 8),
        (100_000, 128, 511),
        (1024, 67_584, 1),  # half of the threads that run at once: each step taken twice fills the rest
        (1024, 1_000_000, 1),
        (0, 0, 1),
    ],
)
def test_chunks_of_time(steps, threads, chunks):
    assert chunks_of(steps, threads, CHIP) == chunks


@pytest.mark.parametrize("chip", [CHIP, SMALL, Chip(1, 99 << 10)])
@pytest.mark.parametrize("steps", [1, 2, 7, 33, 100, 4095, 4097, 100_000])
@pytest.mark.parametrize("threads", [1, 100, 10_000])
def test_every_chunk_has_a_step(chip, steps, threads):
    chunks = chunks_of(steps, threads, chip)
    each = -(-steps // chunks)
    assert (chunks - 1) * each < steps <= chunks * each
