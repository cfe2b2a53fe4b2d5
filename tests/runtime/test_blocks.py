"""Block-diagonal matrices: lengths of axes, to the matrix and back, the columns that rows meet."""

import numpy as np
import pytest

from rnncc.runtime.blocks import axis_length, block_diagonal, diagonal_blocks
from rnncc.runtime.compiled import met_columns


@pytest.mark.parametrize(
    ("axis", "length"), [("hidden", 12), ("4", 4), ("hidden/4", 3), ("hidden+input", 20), ("hidden+input/4", 5), ("n_2", 6)]
)
def test_lengths_of_axes(axis, length):
    assert axis_length(axis, {"hidden": 12, "input": 8, "n_2": 6}.__getitem__) == length


def test_a_matrix_has_its_blocks_along_the_diagonal():
    blocks = np.arange(1.0, 13).reshape(2, 3, 2)
    whole = block_diagonal(blocks)
    expected = np.zeros((6, 4))
    expected[:3, :2], expected[3:, 2:] = blocks
    np.testing.assert_array_equal(whole, expected)
    back = diagonal_blocks(whole + 7 * (expected == 0), 2)
    np.testing.assert_array_equal(back, blocks)
    assert not np.shares_memory(back, whole)


@pytest.mark.parametrize("size", [1, 4, 5, 7, 64])
@pytest.mark.parametrize(("blocks", "rows", "columns"), [(1, 9, 4), (3, 9, 6), (9, 9, 9), (2, 130, 34)])
def test_columns_that_a_group_of_rows_meets(size, blocks, rows, columns):
    whole = block_diagonal(np.ones((blocks, rows // blocks, columns // blocks)))
    for group in range(-(-rows // size)):
        met = np.flatnonzero(whole[group * size : (group + 1) * size].any(axis=0))
        assert met_columns(group, size, blocks, rows, columns) == (met[0], met[-1] + 1)
