"""Functions of the device side run twice: on NumPy arrays, and on arrays that must not meet them."""

import sys

import numpy as np
import pytest

from rnncc.runtime.cuda import lengths
from tests.cuda import device


@pytest.fixture
def cupy(monkeypatch):
    """A stand-in for CuPy."""
    made = device.library()
    monkeypatch.setitem(sys.modules, "cupy", made)
    yield made
    lengths._made.cache_clear()


@pytest.fixture(params=["numpy", "cupy"])
def library(request):
    return np if request.param == "numpy" else request.getfixturevalue("cupy")
