"""A launch: types of arguments, what the driver is told, and the flag of a kernel that was given up."""

from types import SimpleNamespace

import numpy as np
import pytest

from rnncc.errors import DeviceError, InternalError
from rnncc.runtime.cuda import flags, start
from tests.cuda.device import SHARED


class Compiled:
    """A compiled kernel that notes what is done with it.

    Of its blocks `room` can run at once, and `largest` be a cluster.
    """

    def __init__(self, types, room, largest):
        self.types, self.room, self.launches, self.cooperative = types, room, [], None
        self.argument_types = types
        asked = SimpleNamespace(max_potential_cluster_size=lambda config, *, stream: largest if config["shmem_size"] else None)
        function = SimpleNamespace(handle="handle", device=SimpleNamespace(id=0), kernel=SimpleNamespace(occupancy=asked, of=self))
        self._codelibrary = SimpleNamespace(get_cufunc=lambda: function)

    def max_cooperative_grid_blocks(self, threads, shared):
        return self.room

    def launch(self, arguments, grid, block, stream, shared):
        self.launches.append((arguments, grid, block, stream, shared, self.cooperative))

    def _prepare_args(self, kind, value, stream, written, passed):
        passed.append((kind, value))


class Kernel:
    def __init__(self, room=10, largest=16):
        self.made, self.room, self.largest = {}, room, largest
        self.py_func = SimpleNamespace(__name__="inference_loop")

    def dispatcher(self, dtype, clustered):
        def compile_(types):
            return self.made.setdefault((dtype, types, clustered), Compiled(types, self.room, self.largest))

        return SimpleNamespace(compile=compile_)


@pytest.fixture
def told(cupy, monkeypatch):
    """What the driver was told; numba-cuda's types are tuples here."""
    told = []
    types = SimpleNamespace(Array=lambda dtype, axes, layout: (dtype, axes, layout))
    types.__dict__.update({name: name for name in ("boolean", "int64", "int32", "float32", "float64")})
    attributes = SimpleNamespace(
        CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES="most shared memory",
        CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED="large clusters",
    )
    driver = SimpleNamespace(
        binding=SimpleNamespace(CUfunction_attribute=attributes),
        driver=SimpleNamespace(cuKernelSetAttribute=lambda *a: told.append(a)),
        _to_core_stream=lambda stream: f"stream {stream}",
    )
    cuda = SimpleNamespace(types=types, cudadrv=SimpleNamespace(driver=driver), external_stream=lambda pointer: pointer)
    core = SimpleNamespace(
        LaunchConfig=dict, launch=lambda stream, config, kernel, *passed: kernel.of.launches.append((stream, config, passed))
    )
    monkeypatch.setattr(start, "target", lambda: SimpleNamespace(core=core, cuda=cuda))
    yield told
    for kept in (start._compiled, start._fits, start._prepare, start._allow, start._stream):
        kept.cache_clear()
    flags._underway.clear()


def test_a_launch(cupy, told):
    kernel, meet, h = Kernel(), cupy.zeros(64, np.int32), cupy.zeros((2, 3), np.float32)
    for _ in range(2):
        start.start(kernel, "float32", start.Grid(6, 1000, together=True), (meet, 3, True, 0.5, h), cupy)
    ((dtype, types, clustered), compiled), *more = kernel.made.items()
    assert not more
    assert dtype == "float32"
    assert not clustered
    assert types == (("int32", 1, "C"), "int64", "boolean", "float32", ("float32", 2, "C"))
    assert told == [("most shared memory", SHARED, "handle", 0)]
    arguments, grid, block, stream, shared, together = compiled.launches[1]
    assert (grid, block, stream, shared, together) == ((6, 1, 1), (256, 1, 1), "stream 0", 1000, True)
    assert arguments[0] is meet
    assert arguments[4] is h
    assert type(arguments[3]) is np.float32
    start.start(kernel, "float32", start.Grid(6, 0, together=False), (meet, 3, True, 0.5, h), cupy)
    assert compiled.launches[2][5] is False


def test_a_grid_without_room(cupy, told):
    meet = cupy.zeros(64, np.int32)
    with pytest.raises(DeviceError, match=r"inference_loop needs 6 blocks .* room for 5 with 1,000 bytes"):
        start.start(Kernel(room=5), "float32", start.Grid(6, 1000, together=True), (meet,), cupy)
    start.start(Kernel(room=5), "float32", start.Grid(6, 1000, together=False), (meet,), cupy)


def test_a_launch_of_clusters(cupy, told):
    """Without a flag, and without room for all blocks at once."""
    kernel, meet, h = Kernel(room=5), cupy.ones(64, np.int32), cupy.zeros((2, 3), np.float32)
    grid = start.Grid(24, 1000, together=False, cluster=8)
    for _ in range(2):
        start.start(kernel, "float32", grid, (meet, 8, 0.5, h), cupy)
    (((_, types, clustered), compiled),) = kernel.made.items()
    assert clustered
    assert told == [("most shared memory", SHARED, "handle", 0), ("large clusters", 1, "handle", 0)]
    stream, config, passed = compiled.launches[1]
    assert len(compiled.launches) == 2
    assert stream == "stream 0"
    assert config == {"grid": 3, "cluster": 8, "block": 256, "shmem_size": 1000}
    assert tuple(kind for kind, _ in passed) == types
    assert passed[0][1] is meet
    assert passed[2][1] == np.float32(0.5)
    assert not flags._underway


def test_clusters_that_find_no_room_meet_at_a_counter(cupy, told):
    """As on a part of a device that has fewer multiprocessors beside each other."""
    kernel, meet = Kernel(room=16, largest=8), cupy.zeros(64, np.int32)
    start.start(kernel, "float32", start.Grid(16, 1000, together=False, cluster=16), (meet, 16), cupy)
    launches = {clustered: compiled.launches for (_, _, clustered), compiled in kernel.made.items()}
    assert not launches[True]
    assert launches[False] == [((meet, 16), (16, 1, 1), (256, 1, 1), "stream 0", 1000, True)]
    assert len(flags._underway) == 1
    with pytest.raises(DeviceError, match="needs 32 blocks that run at once, and this device has room for 16"):
        start.start(kernel, "float32", start.Grid(32, 1000, together=False, cluster=16), (meet, 16), cupy)


def test_arrays_that_kernels_cannot_read(cupy, told):
    with pytest.raises(InternalError, match="not C-contiguous"):
        start.start(Kernel(), "float32", start.Grid(1, 0, together=False), (cupy.zeros((3, 4), np.float32).T,), cupy)


def test_a_kernel_that_was_given_up_is_an_error_of_the_next_call(cupy, told):
    """Its flag is seen once it has arrived; with `wait` it is waited for."""
    for wait in (False, True):
        meet = cupy.ones(64, np.int32)
        start.start(Kernel(), "float32", start.Grid(6, 1000, together=True), (meet,), cupy)
        event = flags._underway[0][0]
        event.done = False
        flags.raise_failed()
        if not wait:
            event.done = True
        with pytest.raises(DeviceError, match="inference_loop was given up and its results are wrong"):
            flags.raise_failed(wait)
        flags.raise_failed(wait)


def test_kernels_that_a_graph_takes_down_are_not_watched(cupy, told, monkeypatch):
    monkeypatch.setattr(cupy.cuda.get_current_stream(), "is_capturing", lambda: True)
    start.start(Kernel(), "float32", start.Grid(6, 1000, together=True), (cupy.ones(64, np.int32),), cupy)
    assert not flags._underway
