"""Products of a block's threads: every number meets the one it should.

Whole numbers so small that TF32 and bfloat16 hold them, and float32 their sums: what is wrong shows, and nothing is rounded.
"""

import numpy as np
import pytest

from rnncc.runtime.cuda.barrier import begin
from rnncc.runtime.cuda.compiled import kernel
from rnncc.runtime.cuda.constants import DEPTH, ROWS, THREADS, TILE, UNITS, row_stride
from rnncc.runtime.cuda.counts import depth_of
from rnncc.runtime.cuda.memory import resident, shared_memory, viewed
from rnncc.runtime.cuda.places import thread_number, threads
from rnncc.runtime.cuda.product import collect, multiply, new_sums, total
from tests.cuda import emulator
from tests.cuda.panels import padded, panel

FORMS = [("float32", "float32"), ("float32", "uint32"), ("float32", "uint16"), ("float64", "float64")]


@kernel
def two_products(panel_1, low, high, keep, x, wide, y, deep, start, stop, first, end, made):
    """For rows [first, end) and units of the groups [low, high): x times the first columns, y [start, stop) times those behind."""
    thread, _, _ = threads()
    memory = shared_memory(x)
    tile = memory[: 3 * TILE]
    weights, _ = resident(memory, 3 * TILE, panel_1, low, keep)
    begin()
    for group in range(low, high):
        for top in range(first, end, ROWS):
            sums = new_sums(3, tile)
            sums = multiply(sums, weights, group, 0, x, 0, wide, top, end)
            sums = multiply(sums, weights, group, depth_of(wide), y, start, stop, top, end)
            collect(tile, sums)
            for item in range(thread, ROWS * UNITS, THREADS):
                row, unit = top + item // UNITS, group * UNITS + item % UNITS
                if row < end and unit < made.shape[2]:
                    for k in range(3):
                        made[k, row, unit] = total(tile, 3, k, item)


def whole_numbers(rng, dtype, *shape):
    return rng.integers(-8, 9, shape).astype(dtype)


@pytest.mark.parametrize(("dtype", "form"), FORMS)
@pytest.mark.parametrize(
    ("wide", "deep", "start", "stop", "first", "end", "low", "high", "keep"),
    [
        (33, 65, 0, 65, 0, 5, 0, 3, 0),  # nothing kept, few rows
        (300, 1, 0, 1, 2, 20, 1, 2, 1),  # all kept, more chunks than warps, two tiles of rows
        (8, 90, 43, 70, 0, 16, 1, 3, 1),  # some groups, one of them kept, some columns
        (64, 64, 64, 64, 0, 1, 2, 3, 5),  # no column of the second; more to keep than there is
    ],
)
def test_of_whole_numbers_it_is_exact(run, dtype, form, wide, deep, start, stop, first, end, low, high, keep):
    rng, units, rows = np.random.default_rng(0), 21, 20
    x, y = whole_numbers(rng, dtype, rows, wide), whole_numbers(rng, dtype, rows, deep)
    matrices = [[whole_numbers(rng, dtype, units, wide), whole_numbers(rng, dtype, units, deep)] for _ in range(3)]
    for _, second in matrices:  # where a part of the columns is asked for, the others meet zeros
        second[:, :start] = second[:, stop:] = 0
    made = np.full((3, rows, units), np.nan, dtype)
    packed = panel(matrices, form)
    shared = 3 * TILE + max(high - low, keep) * packed[0].size * packed.itemsize // made.itemsize
    run(two_products, dtype, 1, shared, packed, low, high, keep, padded(x), wide, padded(y), deep, start, stop, first, end, made)
    expected = np.full_like(made, np.nan)
    own = slice(low * UNITS, high * UNITS)
    for k, (a, b) in enumerate(matrices):
        expected[k, first:end, own] = (x @ a.T + y @ b.T)[first:end, own]
    np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize(("form", "rounded"), [("uint32", emulator.rounded_tf32), ("uint16", emulator.rounded_bf16)])
def test_operands_are_rounded_to_the_nearest(run, form, rounded):
    """Halves and what is next to them; a row has one number, so that no sum is rounded."""
    halves = [1 + n * 2.0**-k for n in (1, 3) for k in (8, 11)]
    numbers = np.array([next_to for h in halves for next_to in (h, h - 2.0**-23, h + 2.0**-23, -h)], np.float32)
    x, made = np.diag(numbers), np.full((3, len(numbers), UNITS), np.nan, np.float32)
    weights = np.arange(3 * UNITS * len(numbers), dtype=np.float32).reshape(3, UNITS, -1) % 7 - 3
    packed, none = panel([[w, np.zeros((UNITS, 1), np.float32)] for w in weights], form), np.zeros((len(numbers), 1), np.float32)
    shapes = padded(x), len(numbers), padded(none), 0, 0, 1, 0, len(numbers)
    run(two_products, "float32", 1, 3 * TILE, packed, 0, 1, 0, *shapes, made)
    np.testing.assert_array_equal(made, rounded(numbers)[:, None] * weights.swapaxes(1, 2))


@kernel
def lengths(x, words, made):
    """How many numbers shared memory has, from the fourth on, as they are and as words."""
    memory = shared_memory(x)
    if thread_number() == 0:
        made[0], made[1], made[2] = len(memory), len(memory[4:]), len(viewed(memory[4:], words))


def test_how_much_shared_memory_there_is(run):
    made = np.zeros(3)
    run(lengths, "float64", 1, 20, np.zeros(1), np.zeros(1, np.uint16), made)
    np.testing.assert_array_equal(made, [20, 16, 64])


@pytest.mark.parametrize(("dtype", "form"), FORMS)
@pytest.mark.parametrize(("start", "stop"), [(0, 3), (1, 3)])
def test_parts_that_lie_side_by_side_are_one_operand(dtype, form, start, stop):
    rng, units, rows, each = np.random.default_rng(0), 8, 5, 2 * DEPTH
    x, y = whole_numbers(rng, dtype, rows, 4), whole_numbers(rng, dtype, rows, 3 * each)
    matrices = [[whole_numbers(rng, dtype, units, 4), whole_numbers(rng, dtype, units, 3 * each)] for _ in range(3)]
    for _, second in matrices:
        second[:, : start * each] = 0
    made, packed = np.full((3, rows, units), np.nan, dtype), panel(matrices, form)
    beside = y.reshape(rows, 3, each)
    emulator.run(two_products, dtype, 1, 3 * TILE, packed, 0, 1, 0, padded(x), 4, beside, 0, start * each, stop * each, 0, rows, made)
    np.testing.assert_array_equal(made, np.stack([x @ a.T + y @ b.T for a, b in matrices]))


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint32", "uint16"])
@pytest.mark.parametrize("depth", [DEPTH, 2 * DEPTH, 3 * DEPTH, 8 * DEPTH])
def test_no_two_lanes_that_read_at_once_meet_in_a_bank(dtype, depth):
    stride, size = row_stride(depth, dtype), np.dtype(dtype).itemsize
    assert depth <= stride <= depth + 64 // size
    for quarter in range(4):
        for access in range(1 if dtype == "uint16" else 2):
            places = set()
            for lane in range(8 * quarter, 8 * quarter + 8):
                g, t = divmod(lane, 4)
                unit, column = (g, 8 * t) if dtype.startswith("u") else (2 * t, 0)
                places.add((unit * stride + column) * size // 16 + access)
            assert len({place % 8 for place in places}) == len(places)
