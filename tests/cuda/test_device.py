"""Which devices are served, and what is said where one is not."""

import sys
from types import SimpleNamespace

import pytest

from rnncc.errors import DeviceError
from rnncc.runtime.cuda import device
from rnncc.runtime.cuda.plan import Chip
from tests.cuda import device as stand_in


@pytest.fixture(autouse=True)
def numba_cuda(monkeypatch):
    """As if numba-cuda were installed."""
    monkeypatch.setattr(device, "target", lambda: None)


def test_devices_by_name(cupy):
    assert [device.number_of(name) for name in ("cuda", "cuda:0", "cuda:1")] == [0, 0, 1]
    with cupy.cuda.Device(1):
        assert device.number_of("cuda") == 1
    assert device.chip_of(cupy) == Chip(stand_in.MULTIPROCESSORS, stand_in.SHARED, 1)


def test_without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(DeviceError, match=r"needs CuPy, which cannot be imported .* pip install 'rnncc\[cuda\]'"):
        device.number_of("cuda")


def test_without_numba_cuda(cupy, monkeypatch):
    from rnncc.runtime.cuda import compiled

    monkeypatch.setattr(compiled.importlib.util, "find_spec", lambda name: None)
    compiled.target.cache_clear()
    monkeypatch.setattr(device, "target", compiled.target)
    with pytest.raises(DeviceError, match="need numba-cuda, which is not installed"):
        device.number_of("cuda")


@pytest.mark.parametrize(
    ("settings", "name", "message"),
    [
        ({"count": 0}, "cuda", "no CUDA device that this process may use"),
        ({"count": 2}, "cuda:2", "this machine has 2 CUDA devices, 'cuda:0' to 'cuda:1'"),
        ({"capability": "75"}, "cuda", "has compute capability 7.5, kernels need 8.0"),
        ({"fault": 35}, "cuda", "the NVIDIA driver is older than CuPy's CUDA .*update the driver"),
        ({"fault": 100}, "cuda", "no CUDA device can be used .*nvidia-smi"),
    ],
)
def test_devices_that_are_not_served(cupy, monkeypatch, settings, name, message):
    fault = settings.pop("fault", None)
    cupy.cuda = stand_in.cuda(**settings)
    if fault is not None:

        def fail():
            raise stand_in.RuntimeFault(fault)

        cupy.cuda.runtime = SimpleNamespace(getDeviceCount=fail, CUDARuntimeError=stand_in.RuntimeFault)
    with pytest.raises(DeviceError, match=message):
        device.number_of(name)
