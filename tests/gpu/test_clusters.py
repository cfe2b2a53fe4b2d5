"""Clusters of blocks on a device that has them: they meet without a counter, and give the same bits as blocks that count."""

from dataclasses import replace

import numpy as np
import pytest

import rnncc
from rnncc.bench.cuda.calibrate import calibrate
from rnncc.bench.cuda.device import measure_device
from rnncc.bench.cuda.kernels import meetings
from rnncc.runtime.cuda import apart, launch
from rnncc.runtime.cuda.barrier import LINE
from rnncc.runtime.cuda.compiled import target
from rnncc.runtime.cuda.constants import THREADS
from rnncc.runtime.cuda.device import chip_of
from rnncc.runtime.cuda.flags import raise_failed
from rnncc.runtime.cuda.start import Grid, start

pytestmark = pytest.mark.gpu
T, INPUTS = 100, 32
SIZES = (2, 4, 8, 16)


@pytest.fixture
def chip(cupy):
    found = chip_of(cupy)
    if found.cluster == 1:
        pytest.skip("this device has no clusters: compute capability below 9.0")
    return found


def meet(cupy, parts, owners, shared, times=100):
    """Where clusters would have met if they had counted."""
    places = cupy.zeros(LINE * (1 + parts), np.int32)
    start(meetings, "float32", Grid(parts * owners, shared, together=False, cluster=owners), (places, owners, times), cupy)
    cupy.cuda.Device().synchronize()
    raise_failed(wait=True)
    return places


@pytest.mark.parametrize("owners", SIZES)
def test_clusters_meet_without_a_counter(cupy, chip, owners):
    assert not meet(cupy, chip.clusters(owners), owners, chip.shared).any()
    assert not meet(cupy, 100, owners, chip.shared).any()  # more than find room at once


def test_clusters_larger_than_the_device_takes_count(cupy, chip):
    assert int(meet(cupy, 1, 32, chip.shared, times=10)[LINE]) == 320


@pytest.mark.parametrize("owners", SIZES)
def test_as_many_clusters_run_at_once_as_plans_assume(cupy, chip, owners):
    meet(cupy, 1, owners, chip.shared)
    (compiled,) = meetings.dispatcher("float32", clustered=True).overloads.values()
    config = target().core.LaunchConfig(grid=1, cluster=owners, block=THREADS, shmem_size=chip.shared)
    stream = target().cuda.cudadrv.driver._to_core_stream(0)
    room = compiled._codelibrary.get_cufunc().kernel.occupancy.max_active_clusters(config, stream=stream)
    assert room >= chip.clusters(owners)


def test_a_cluster_meets_sooner_than_all_blocks(cupy, chip):
    found = calibrate(cupy, measure_device(cupy))
    assert 100 < found.cluster < found.meeting


def trained(cupy, batch, hidden, **settings):
    """Results and gradients, as NumPy arrays."""
    layer = rnncc.RNN("lstm", INPUTS, hidden, device="cuda", seed=1, **settings)
    x = cupy.asarray(np.random.default_rng(0).normal(size=(T, batch, INPUTS)).astype(np.float32))
    y, last = layer(x)
    (_, _), pull = layer.vjp(x)
    g = pull(y)
    return {k: cupy.asnumpy(v) for k, v in {"y": y, "g.x": g.x, **last, **g.params}.items()}


@pytest.mark.parametrize("settings", [{}, {"bidirectional": True, "num_layers": 2}, {"precision": "tf32"}], ids=str)
@pytest.mark.parametrize(("batch", "hidden"), [(5, 96), (40, 128), (16, 256), (100, 130)])
def test_the_same_bits_as_blocks_that_count(cupy, chip, monkeypatch, batch, hidden, settings):
    grids = []
    monkeypatch.setattr(launch, "start", lambda kernel, dtype, grid, *rest: (grids.append(grid), start(kernel, dtype, grid, *rest))[1])
    found = trained(cupy, batch, hidden, **settings)
    assert any(grid.cluster > 1 for grid in grids)
    grids.clear()
    monkeypatch.setattr(apart, "chip_of", lambda _library: replace(chip, cluster=1))
    expected = trained(cupy, batch, hidden, **settings)
    assert all(grid.cluster == 1 for grid in grids)
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)


def test_the_same_bits_a_hundred_times(cupy, chip):
    first = trained(cupy, 16, 256)
    for _ in range(100):
        for key, value in trained(cupy, 16, 256).items():
            np.testing.assert_array_equal(value, first[key], err_msg=key)


def test_clusters_in_a_graph(cupy, chip):
    layer = rnncc.RNN("lstm", INPUTS, 128, device="cuda", seed=1)
    x = cupy.asarray(np.random.default_rng(0).normal(size=(T, 16, INPUTS)).astype(np.float32))
    with cupy.cuda.Stream(non_blocking=True) as stream:
        expected = layer(x)[0].copy()
        stream.begin_capture()
        y = layer(x)[0]
        graph = stream.end_capture()
        for _ in range(3):
            graph.launch()
            stream.synchronize()
            cupy.testing.assert_allclose(y, expected, rtol=0, atol=(INPUTS + 128) * np.finfo(np.float32).eps)  # cuBLAS may choose anew
