"""A launch: types of arguments, what the driver is told, and the flag of a kernel that was given up."""

from types import SimpleNamespace

import numpy as np
import pytest

from rnncc.errors import DeviceError, InternalError
from rnncc.runtime.cuda import flags, start
from tests.cuda.device import SHARED


class Compiled:
    """A compiled kernel that notes what is done with it; `room` is how many of its blocks can run at once."""

    def __init__(self, types, room):
        self.types, self.room, self.launches, self.cooperative = types, room, [], None
        self._codelibrary = SimpleNamespace(get_cufunc=lambda: SimpleNamespace(handle="handle", device=SimpleNamespace(id=0)))

    def max_cooperative_grid_blocks(self, threads, shared):
        return self.room

    def launch(self, arguments, grid, block, stream, shared):
        self.launches.append((arguments, grid, block, stream, shared, self.cooperative))


class Kernel:
    def __init__(self, room=10):
        self.made, self.room = {}, room
        self.py_func = SimpleNamespace(__name__="inference_loop")

    def dispatcher(self, dtype):
        def compile_(types):
            return self.made.setdefault((dtype, types), Compiled(types, self.room))

        return SimpleNamespace(compile=compile_)


@pytest.fixture
def told(cupy, monkeypatch):
    """What the driver was told; numba-cuda's types are tuples here."""
    told = []
    types = SimpleNamespace(Array=lambda dtype, axes, layout: (dtype, axes, layout))
    types.__dict__.update({name: name for name in ("boolean", "int64", "int32", "float32", "float64")})
    attributes = SimpleNamespace(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES="most shared memory")
    driver = SimpleNamespace(
        binding=SimpleNamespace(CUfunction_attribute=attributes),
        driver=SimpleNamespace(cuKernelSetAttribute=lambda *a: told.append(a)),
        _to_core_stream=lambda stream: f"stream {stream}",
    )
    cuda = SimpleNamespace(types=types, cudadrv=SimpleNamespace(driver=driver), external_stream=lambda pointer: pointer)
    monkeypatch.setattr(start, "target", lambda: SimpleNamespace(cuda=cuda))
    yield told
    for kept in (start._compiled, start._prepare, start._stream):
        kept.cache_clear()
    flags._underway.clear()


def test_a_launch(cupy, told):
    kernel, meet, h = Kernel(), cupy.zeros(64, np.int32), cupy.zeros((2, 3), np.float32)
    for _ in range(2):
        start.start(kernel, "float32", start.Grid(6, 1000, together=True), (meet, 3, True, 0.5, h), cupy)
    ((dtype, types), compiled), *more = kernel.made.items()
    assert not more
    assert dtype == "float32"
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
