"""Sums over time against einsum in float64."""

import re

import numpy as np
import pytest

from rnncc.runtime import totals
from rnncc.runtime.aligned import CACHE_LINE, zeros
from rnncc.runtime.arrays import whole_vectors
from rnncc.runtime.blocks import diagonal_blocks
from rnncc.runtime.compiled import uncached
from rnncc.runtime.simd.isa import ISA, lanes_of
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.totals import column_sum, outer, row_sum, total_sum

F32 = np.dtype(np.float32)
LENGTHS = np.array([9, 8, 8, 5, 1, 0], np.int64)
SIZES = [(1, 1), (6, 4), (7, 33), (13, 65), (3, 300)]
"""(units on the left, on the right): tiles, chunks and blocks of columns that are full, and that are not."""


def streams(sweep, dtype, *units):
    """Random streams in whole vectors; NaN in what no unit owns and past the end of sequences."""
    rng = np.random.default_rng(0)
    found = []
    for n in units:
        stream = np.full((sweep.steps, sweep.batch, whole_vectors(n, dtype)), np.nan, dtype)
        stream[..., :n] = rng.normal(size=(sweep.steps, sweep.batch, n))
        stream[sweep.dead()] = np.nan
        found.append(stream)
    return found


def live(sweep, stream, units):
    return np.where(sweep.dead()[:, :, None], 0, stream[..., :units].astype(np.float64))


def tolerance(dtype, terms):
    """Each of `terms` products and sums rounds once; they are of order one, so is the scale."""
    return np.finfo(dtype).eps * terms


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize(("left", "right"), SIZES)
def test_outer(dtype, lengths, left, right):
    sweep = Sweep(9, 6, lengths, threads=2)
    a, b = streams(sweep, dtype, left, right)
    found = outer(sweep, a, left, b, right)
    expected = np.einsum("tni,tnj->ij", live(sweep, a, left), live(sweep, b, right))
    assert (found.dtype, found.shape) == (dtype, (left, right))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance(dtype, 54))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize(("left", "right"), [(128, 128), (500, 64), (1024, 70), (130, 1024), (1024, 1024), (402, 192)])
def test_sides_that_are_packed_and_that_are_not(left, right, lengths, threads):
    """Rows of whole pages, of whole tiles, and that end within one; of whole numbers, whose sums are exact."""
    sweep = Sweep(9, 6, lengths, threads=threads)
    a, b = (np.round(s * 8) for s in streams(sweep, np.float32, left, right))
    found = outer(sweep, a, left, b, right, outer(sweep, a, left, b, right))
    np.testing.assert_array_equal(found, 2 * np.einsum("tni,tnj->ij", live(sweep, a, left), live(sweep, b, right)))


@pytest.mark.parametrize(("blocks", "left", "right"), [(2, 6, 4), (3, 99, 33), (5, 65, 300), (2, 130, 130)])
def test_outer_of_blocks_along_the_diagonal(blocks, left, right):
    sweep = Sweep(9, 6, LENGTHS, threads=2)
    a, b = streams(sweep, np.float32, left, right)
    whole = np.einsum("tni,tnj->ij", live(sweep, a, left), live(sweep, b, right))
    found = outer(sweep, a, left, b, right, outer(sweep, a, left, b, right, blocks=blocks), blocks=blocks)
    np.testing.assert_allclose(
        diagonal_blocks(found, blocks), 2 * diagonal_blocks(whole, blocks), rtol=0, atol=2 * tolerance(np.float32, 54)
    )


def test_outer_passes_by_what_lies_far_off_the_diagonal():
    a, b = streams(Sweep(2, 3), np.float64, 200, 200)
    found = outer(Sweep(2, 3), a, 200, b, 200, blocks=2)
    assert not found[:90, 140:].any()
    assert not found[110:, :40].any()


def test_outer_of_more_rows_than_a_block_holds():
    sweep = Sweep(300, 3)
    a, b = streams(sweep, np.float64, 5, 9)
    np.testing.assert_allclose(
        outer(sweep, a, 5, b, 9), np.einsum("tni,tnj->ij", a[..., :5], b[..., :9]), rtol=0, atol=tolerance(np.float64, 900)
    )


def test_outer_gives_the_same_bits_for_any_number_of_threads():
    sweeps = [Sweep(300, 3, threads=k) for k in (1, 2, 3, 7)]
    a, b = streams(sweeps[0], np.float32, 29, 40)
    assert len({outer(s, a, 29, b, 40).tobytes() for s in sweeps}) == 1


def test_what_is_read_next_is_fetched_while_a_tile_is_summed(monkeypatch):
    """Every line but those of the first chunk of the first block."""
    left, right, total = (zeros((768, 192), F32), zeros((768, 128), F32), zeros((192, 128), F32))
    read, fetched = set(), set()

    def add_product(_target, _row, column, panel, first, operand, ahead):
        if column > 0 or operand[0].ctypes.data != left[512:].ctypes.data:
            assert lines(operand[0].T[:, first : first + ISA.tall]) <= fetched | read
            assert lines(panel) <= fetched | read
        read.update(lines(operand[0].T[:, first : first + ISA.tall]), lines(panel))
        fetched.update((ahead[0] + np.arange(len(panel)) * ahead[1]) // CACHE_LINE)

    without_machine_code(monkeypatch, add_product)
    totals._outer.py_func(0, None, [0, 32], np.array([[512, 768], [0, 512]]), np.array([1, 192, 128]), left, right, total, False)
    assert lines(left) | lines(right) <= read


def test_machine_code_fetches_to_read_and_to_write():
    compiled, matrix = uncached(totals._outer.py_func), zeros((6, 64), F32)
    compiled(0, np.zeros((0, 8), np.int64), np.array([0, 1]), np.array([[0, 6]]), np.array([1, 6, 64]), matrix, matrix, matrix, False)
    (made,) = compiled.inspect_llvm().values()
    assert set(re.findall(r"prefetch.*(i32 \d, i32 \d), i32 1\)", made)) == {"i32 0, i32 2", "i32 1, i32 3"}


def lines(array):
    """Numbers of the lines that the rows of `array` lie in."""
    starts = array.ctypes.data + np.arange(len(array)) * array.strides[0]
    return {line for start in starts for line in range(start // CACHE_LINE, (start + array.shape[1] * 4 - 1) // CACHE_LINE + 1)}


def without_machine_code(monkeypatch, add_product):
    """So that Python can go through `_outer` of arrays that need no packing."""
    for name in ("enlist", "dismiss", "_clear", "_pack"):
        monkeypatch.setattr(totals, name, lambda *_: None)
    monkeypatch.setattr(totals, "lanes", lambda array: lanes_of(array.dtype))
    monkeypatch.setattr(totals, "place", lambda array, row, column: array.ctypes.data + row * array.strides[0] + column * 4)
    monkeypatch.setattr(totals, "add_product", add_product)
    monkeypatch.setattr(totals, "_add_tiles", totals._add_tiles.py_func)


@pytest.mark.parametrize(("left", "right"), [(130, 1), (1, 130)])
def test_outer_of_one_column_goes_on_as_its_transpose_does(left, right):
    """Which of the two is computed is a question of tiles: neither bits nor the array that is gone on with may tell."""
    sweep = Sweep(9, 6, LENGTHS, threads=2)
    a, b = streams(sweep, np.float32, left, right)
    found, turned = outer(sweep, a, left, b, right), outer(sweep, b, right, a, left)
    assert found.shape == (left, right)
    np.testing.assert_array_equal(found, turned.T)
    again = outer(sweep, a, left, b, right, so_far=found)
    assert np.shares_memory(again, found)
    np.testing.assert_array_equal(again, outer(sweep, b, right, a, left, so_far=turned).T)


def test_column_sum_gives_the_same_bits_for_any_number_of_threads():
    sweeps = [Sweep(600, 3, threads=k) for k in (1, 2, 3, 7)]
    (a,) = streams(sweeps[0], np.float32, 83)
    assert len({column_sum(s, a, 83).tobytes() for s in sweeps}) == 1
    expected = a[..., :83].astype(np.float64).sum(axis=(0, 1))
    np.testing.assert_allclose(column_sum(sweeps[1], a, 83), expected, rtol=0, atol=tolerance(np.float32, 1800))


@pytest.mark.parametrize("view", [lambda s: s[:-1], lambda s: s[1:]])
def test_outer_of_the_steps_of_a_trajectory(view):
    sweep = Sweep(4, 3)
    (states,) = streams(Sweep(5, 3), np.float64, 6)
    (a,) = streams(sweep, np.float64, 2)
    found = outer(sweep, a, 2, view(states), 6)
    np.testing.assert_allclose(
        found, np.einsum("tni,tnj->ij", a[..., :2], view(states)[..., :6]), rtol=0, atol=tolerance(np.float64, 12)
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_column_sum_and_total_sum(dtype, lengths):
    sweep = Sweep(9, 6, lengths)
    (a,) = streams(sweep, dtype, 11)
    expected = live(sweep, a, 11).sum(axis=(0, 1))
    np.testing.assert_allclose(column_sum(sweep, a, 11), expected, rtol=0, atol=tolerance(dtype, 54))
    found = total_sum(sweep, a, 11)
    assert (found.shape, found.dtype) == ((), dtype)
    np.testing.assert_allclose(found, expected.sum(), rtol=0, atol=tolerance(dtype, 54 * 11))


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_column_sum_of_matrices(lengths):
    sweep = Sweep(9, 6, lengths)
    (a,) = streams(sweep, np.float64, 3 * 16)
    whole, parts = column_sum(sweep, a, 48), a.reshape(9, 6, 3, 16)
    found = column_sum(sweep, parts, 3, 11)
    np.testing.assert_array_equal(found, whole.reshape(3, 16)[:, :11])
    again = column_sum(sweep, parts, 3, 11, so_far=found)
    assert again is found
    np.testing.assert_allclose(again, 2 * whole.reshape(3, 16)[:, :11], rtol=0, atol=tolerance(np.float64, 108))


def test_total_sum_of_one_number_a_row():
    sweep = Sweep(3, 2, np.array([3, 1]))
    stream = np.array([[1.0, 2.0], [3.0, np.nan], [4.0, np.nan]])
    assert total_sum(sweep, stream) == 10


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("units", [(), (11,), (3, 11)])
def test_row_sum_keeps_rows_apart(units, reverse):
    sweep = Sweep(9, 6, LENGTHS, reverse)
    (a,) = streams(sweep, np.float64, 48)
    stream = {0: a[..., 0], 1: a[..., :16], 2: a.reshape(9, 6, 3, 16)}[len(units)]
    alive = ~sweep.dead().reshape(9, 6, *[1] * len(units))
    expected = np.where(alive, stream[..., :11] if units else stream, 0).sum(0)
    found = row_sum(sweep, stream, *units)
    np.testing.assert_allclose(found, expected, rtol=0, atol=9 * np.finfo(float).eps * 9)
    assert row_sum(sweep, stream, *units, so_far=found) is found
    np.testing.assert_allclose(found, 2 * expected, rtol=0, atol=18 * np.finfo(float).eps * 18)


@pytest.mark.parametrize(("steps", "batch"), [(0, 3), (3, 0)])
def test_of_nothing(steps, batch):
    sweep = Sweep(steps, batch)
    a, b = streams(sweep, np.float64, 4, 5)
    np.testing.assert_array_equal(outer(sweep, a, 4, b, 5), np.zeros((4, 5)))
    np.testing.assert_array_equal(column_sum(sweep, a, 4), np.zeros(4))
    assert total_sum(sweep, a, 4) == 0


def test_nothing_alive():
    sweep = Sweep(3, 2, np.array([0, 0]))
    a, b = streams(sweep, np.float64, 4, 5)
    np.testing.assert_array_equal(outer(sweep, a, 4, b, 5), np.zeros((4, 5)))
    np.testing.assert_array_equal(column_sum(sweep, a, 4), np.zeros(4))
