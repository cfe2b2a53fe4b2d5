"""Arithmetic on counts means the same in a kernel and in Python."""

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from rnncc.runtime.compiled import filled, groups, lanes_apart, tile_rows
from rnncc.runtime.counts import Integers, choose, counting, least
from rnncc.runtime.share import rows_of, share, to_and_fro, units_of
from rnncc.runtime.simd import ISA
from rnncc.runtime.spin import LINE


@counting
def _everything(a: int, b: int, numbers: Integers) -> tuple[int, int]:
    chosen = choose((a < b) & (a <= 3) | (a > 7), a * b - 1, numbers.size)
    return chosen, numbers[a] // b + 2


@njit
def _compiled(a, b, numbers):
    return (
        _everything(a, b, numbers),
        (least(a, b), groups(a, b, 2), tile_rows(a + 1)),
        share(a, 1, b),
        (to_and_fro(a, 0, 30, b), lanes_apart(a, b, 3), filled(a, b, 3)),
    )


@pytest.mark.parametrize("b", [1, 3, 16])
def test_a_kernel_computes_what_python_does(b):
    numbers = np.arange(40, dtype=np.int64) * 5
    for a in range(30):
        assert _compiled(a, b, numbers) == _compiled.py_func(a, b, numbers), f"{a}, {b}"


def test_every_other_step_takes_its_turns_the_other_way_round():
    turns = [[to_and_fro(turn, 3, 7, step) for turn in range(3, 7)] for step in range(3)]
    assert turns == [[3, 4, 5, 6], [6, 5, 4, 3], [3, 4, 5, 6]]


def test_sums_of_few_units_share_a_vector():
    assert [lanes_apart(units, 16, 4) for units in (65, 16, 5, 4, 1)] == [16, 16, 16, 4, 1]
    assert [filled(units, 16, 4) for units in (64, 65, 68, 69, 80)] == [16, 17, 17, 20, 20]
    assert [filled(units, 8, 1) for units in (1, 8, 9)] == [1, 1, 2]


def test_tiles_cover_the_rows_with_few_idle():
    assert [tile_rows(rows) for rows in (1, 6, 7, 8, 9, 12, 13)] == [1, 6, 4, 4, 5, 6, 5]
    for rows in range(1, 50):
        tiles, left = [], rows
        while left:
            tiles.append(tile_rows(left))
            left -= tiles[-1]
        assert len(tiles) == -(-rows // ISA.tall)
        assert ISA.tall >= max(tiles) <= min(tiles) + 1


@njit
def _parts(part, bounds, meet):
    return rows_of(part, bounds, meet), units_of(part, bounds, meet)


@pytest.mark.parametrize("function", [_parts, _parts.py_func])
def test_rows_are_split_or_units_are(function):
    bounds, alone, together = np.array([0, 4, 9]), np.zeros((0, LINE), np.int64), np.zeros((1, LINE), np.int64)
    assert function(1, bounds, alone) == ((4, 9), (0, 1))
    assert function(1, bounds, together) == ((0, 9), (1, 2))


def test_other_arguments_are_refused():
    with pytest.raises(TypingError, match="least"):
        njit(lambda a: least(a, 1.5)).compile("(int64,)")
