"""Functions of the device side run twice: on NumPy arrays, and on arrays that must not meet them."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rnncc.runtime.cuda import constants, launch, lengths
from tests.cuda import device, simulated
from tests.emit import simulated_cuda


@pytest.fixture
def cupy(monkeypatch):
    """A stand-in for CuPy."""
    made = device.library()
    monkeypatch.setitem(sys.modules, "cupy", made)
    monkeypatch.setitem(sys.modules, "cupyx", SimpleNamespace(empty_pinned=np.empty))
    yield made
    lengths._made.cache_clear()


@pytest.fixture(params=["numpy", "cupy"])
def library(request):
    return np if request.param == "numpy" else request.getfixturevalue("cupy")


@pytest.fixture
def chip(cupy, monkeypatch):
    """A device of a few multiprocessors whose kernels Python runs."""
    for name in ("ROWS", "UNITS", "DEPTH"):
        monkeypatch.setattr(simulated_cuda, name, getattr(constants, name))
    monkeypatch.setattr(launch, "start", simulated.start)
    simulated.launched.clear()
    return cupy
