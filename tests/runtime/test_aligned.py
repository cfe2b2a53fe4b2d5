"""Arrays that begin at a cache line."""

import numpy as np
import pytest

from rnncc.runtime import aligned, arrays
from rnncc.runtime.aligned import CACHE_LINE
from rnncc.runtime.pack import group_blocks, pack
from rnncc.runtime.sweep import Sweep
from rnncc.runtime.totals import _in_whole_tiles, _whole

DTYPES = [np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.uint32)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (2, 7, 33)])
def test_begins_at_a_line(dtype, shape):
    for made in [aligned.empty(shape, dtype) for _ in range(8)] + [aligned.zeros(shape, dtype)]:
        assert (made.shape, made.dtype, made.ctypes.data % CACHE_LINE) == (shape, dtype, 0)
        assert made.flags.c_contiguous
        assert made.flags.writeable
    assert not made.any()


@pytest.mark.parametrize("dtype", DTYPES[:2])
def test_what_kernels_work_on_begins_at_a_line(dtype):
    sweep, first = Sweep(3, 2), np.ones((2, 5), dtype)
    made = [
        arrays.new_stream(sweep, dtype, 5),
        arrays.new_rows(sweep, dtype, 5),
        arrays.trajectory(sweep, first, False),
        arrays.rows_from(sweep, first),
        arrays.stream_from(sweep, np.ones((3, 2, 5), dtype)),
        pack([[np.ones((5, 4), dtype)] * group_blocks(1)]),
        _in_whole_tiles(5, 9, dtype),
    ]
    assert [a.ctypes.data % CACHE_LINE for a in made] == [0] * len(made)


def test_whole_tiles_behind_a_total():
    total = _in_whole_tiles(7, 33, np.dtype(np.float32))
    whole = _whole(total)
    assert whole.ctypes.data == total.ctypes.data
    whole[:7, :33] = 3
    assert (total == 3).all()
    assert whole.size == _whole(total.T.T).size > total.size
