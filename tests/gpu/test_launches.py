"""Launches on a device: grids that are too large, blocks that wait in vain, kernels in a CUDA graph."""

import numpy as np
import pytest

from rnncc.bench.cuda.calibrate import calibrate
from rnncc.bench.cuda.device import measure_device
from rnncc.bench.cuda.kernels import meetings
from rnncc.errors import DeviceError
from rnncc.runtime.cuda import flags
from rnncc.runtime.cuda.barrier import LINE
from rnncc.runtime.cuda.device import chip_of
from rnncc.runtime.cuda.start import Grid, start

pytestmark = pytest.mark.gpu


def meet(cupy, blocks, owners, times):
    """Where the blocks have met."""
    places = cupy.zeros(2 * LINE, np.int32)
    start(meetings, "float32", Grid(blocks, 0, together=True), (places, owners, times), cupy)
    return places


def test_all_blocks_of_a_device_meet(cupy):
    blocks, times = chip_of(cupy).multiprocessors, 1000
    places = meet(cupy, blocks, blocks, times)
    flags.raise_failed(wait=True)
    assert int(places[LINE]) == blocks * times


def test_more_blocks_than_run_at_once(cupy):
    with pytest.raises(DeviceError, match="meetings needs 1000000 blocks that run at once, and this device has room for"):
        meet(cupy, 1_000_000, 1_000_000, 1)


def test_who_waits_for_a_block_that_never_comes_is_a_python_error(cupy):
    """Some ten seconds later, and nothing is the worse for it."""
    places = meet(cupy, 1, 2, 3)
    with pytest.raises(DeviceError, match="meetings was given up and its results are wrong"):
        flags.raise_failed(wait=True)
    assert int(places[0]) == 1
    test_all_blocks_of_a_device_meet(cupy)


def test_a_launch_in_a_graph(cupy):
    blocks = chip_of(cupy).multiprocessors
    meet(cupy, blocks, blocks, 1)
    cupy.cuda.Device().synchronize()
    with cupy.cuda.Stream(non_blocking=True) as stream:
        stream.begin_capture()
        places = meet(cupy, blocks, blocks, 10)
        graph = stream.end_capture()
        for _ in range(3):
            graph.launch()
            stream.synchronize()
            assert int(places[LINE]) == blocks * 10  # zeroed by the graph, each time


def test_what_the_bench_measures_is_plausible(cupy):
    """A meeting takes about a microsecond; a multiprocessor reads some tens of bytes a cycle, and has 128 FMA units."""
    device = measure_device(cupy)
    assert 2e-7 < device.barrier < 2e-5
    found = calibrate(cupy, device)
    assert 4 < found.cache < 1000
    assert 0.9 < found.cycles["float32"] < 20
    assert all(0 < cycles < 20 for dtype, cycles in found.cycles.items() if dtype != "float64")
