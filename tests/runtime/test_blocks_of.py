"""How wide groups of units are: wider where rows are rounded for each of them, as long as weights stay in L2."""

import numpy as np
import pytest

from rnncc.runtime.compiled import blocks_of, uncached
from rnncc.runtime.simd.isa import ISA


@uncached
def _asked(found, panel, owners):
    found[0] = blocks_of(3, panel, owners)


def asked(panel, owners=1):
    found = np.zeros(1, np.int64)
    _asked(found, panel, owners)
    return int(found[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_groups_of_numbers_are_as_they_are(dtype):
    assert asked(np.zeros((1, 4, 64), dtype)) == 3


@pytest.mark.parametrize(("rows", "times"), [(4, 4), (512, 4), (1024, 2), (2048, 1), (8192, 1)])
def test_groups_of_pairs_fill_half_of_l2(rows, times):
    """Rows of 256 bytes; weights that are only converted leave the rows as they are."""
    panel = np.zeros((1, rows, 64), np.uint32)
    assert asked(panel) == (3 * times if ISA.dots else 3)
    assert asked(panel, owners=2) == 3
