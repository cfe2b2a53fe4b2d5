"""Sums over time on a device beside those of the processor: ragged lengths, padding, sums that go on."""

import numpy as np
import pytest

from rnncc.runtime import totals as on_cpu
from rnncc.runtime.blocks import block_diagonal as plain_block_diagonal
from rnncc.runtime.blocks import diagonal_blocks as plain_diagonal_blocks
from rnncc.runtime.cuda import totals
from rnncc.runtime.cuda.blocks import block_diagonal, diagonal_blocks
from rnncc.runtime.sweep import Sweep
from tests.cuda.words import ROWS, STEPS, host, spoilt, sweeps

TOLERANCE = STEPS * ROWS * np.finfo(np.float64).eps * 16
"""Of float64: each of the terms rounds once, none is larger than 16."""


def stream(sweep, *units, seed=0):
    """Random numbers; NaN past the end and in what no unit owns."""
    wide = (*units[:-1], units[-1] + 3) if units else ()
    made = np.random.default_rng(seed).normal(size=(STEPS, ROWS, *wide))
    if units:
        made[..., units[-1] :] = np.nan
    return spoilt(sweep, made)


def both(sweep, name, *streams_and_units, **settings):
    """A sum here and on the processor, each going on from the other's kind."""
    library, plain = sweep.library, Sweep(STEPS, ROWS, sweep.lengths, sweep.reverse)
    given = [library.asarray(a) if isinstance(a, np.ndarray) else a for a in streams_and_units]
    first = getattr(totals, name)(sweep, *given, **settings)
    assert type(first) is library.ndarray
    once = host(first).copy()
    twice = getattr(totals, name)(sweep, *given, so_far=first, **settings)
    assert twice is first
    return once, host(twice), getattr(on_cpu, name)(plain, *streams_and_units, **settings)


@pytest.mark.parametrize(("left", "right"), [(1, 1), (7, 33), (13, 4)])
def test_outer(library, left, right):
    for sweep in sweeps(library):
        once, twice, expected = both(sweep, "outer", stream(sweep, left), left, stream(sweep, right, seed=1), right)
        np.testing.assert_allclose(once, expected, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(twice, 2 * expected, rtol=0, atol=2 * TOLERANCE)


def test_sums_of_streams_side_by_side(library):
    """Each as by itself, of some of those in an array; some of them go on."""
    for sweep in sweeps(library):
        streams, right = library.asarray(stream(sweep, 4, 7)), library.asarray(stream(sweep, 5, seed=1))
        so_far = [None, library.asarray(np.ones((7, 5))), None]
        products = totals.outers(sweep, streams[:, :, 1:], 7, right, 5, so_far=so_far)
        sums = totals.column_sums(sweep, streams[:, :, 1:], 7, so_far=[None, library.asarray(np.ones(7)), None])
        assert products[1] is so_far[1]
        for k in range(3):
            one = totals.outer(sweep, streams[:, :, 1 + k], 7, right, 5)
            np.testing.assert_allclose(host(products[k]), host(one) + (k == 1), rtol=0, atol=TOLERANCE)
            np.testing.assert_allclose(
                host(sums[k]), host(totals.column_sum(sweep, streams[:, :, 1 + k], 7)) + (k == 1), rtol=0, atol=TOLERANCE
            )


def test_outer_of_blocks_along_the_diagonal(library):
    for sweep in sweeps(library):
        once, twice, expected = both(sweep, "outer", stream(sweep, 6), 6, stream(sweep, 9, seed=1), 9, blocks=3)
        blocks = plain_diagonal_blocks(expected, 3)
        np.testing.assert_allclose(plain_diagonal_blocks(once, 3), blocks, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(plain_diagonal_blocks(twice, 3), 2 * blocks, rtol=0, atol=2 * TOLERANCE)
        assert np.count_nonzero(once) == 18


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("name", "units"), [("column_sum", (5,)), ("column_sum", (2, 5)), ("total_sum", ()), ("total_sum", (5,)),
                                             ("row_sum", ()), ("row_sum", (5,)), ("row_sum", (2, 5))])  # fmt: skip
def test_sums(library, name, units, reverse):
    for sweep in sweeps(library, reverse=reverse):
        once, twice, expected = both(sweep, name, stream(sweep, *units), *units)
        assert once.shape == expected.shape
        np.testing.assert_allclose(once, expected, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(twice, 2 * expected, rtol=0, atol=2 * TOLERANCE)


def test_sums_keep_the_dtype(library):
    for sweep in sweeps(library):
        given = library.asarray(np.ones((STEPS, ROWS, 3), np.float32))
        for found in (totals.column_sum(sweep, given, 3), totals.total_sum(sweep, given, 3), totals.row_sum(sweep, given, 3)):
            assert found.dtype == np.float32
        assert totals.outer(sweep, given, 3, given, 3).dtype == np.float32


def test_blocks_to_matrix_and_back(library):
    blocks = np.random.default_rng(0).normal(size=(3, 2, 4))
    whole = block_diagonal(library.asarray(blocks))
    np.testing.assert_array_equal(host(whole), plain_block_diagonal(blocks))
    np.testing.assert_array_equal(host(diagonal_blocks(whole, 3)), blocks)
