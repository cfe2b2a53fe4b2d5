"""Functions of the device side run twice: on NumPy arrays, and on arrays that must not meet them."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from rnncc.runtime.cuda import constants, launch, lengths, plan
from rnncc.runtime.cuda import device as cuda_device
from tests.cuda import device, emulator, simulated
from tests.cuda.layers import INPUTS, H
from tests.cuda.machine import Machine
from tests.cuda.ptx import launch as ptx_launch
from tests.emit import simulated_cuda
from tests.interpreter_engine import InterpreterModule

CLASSES = {}


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
    simulated.streams.clear()
    return cupy


@pytest.fixture
def machine(monkeypatch):
    """Side by side grids run at once; gives those of each group."""
    made = Machine()
    monkeypatch.setattr(device.Stream, "wait_event", lambda stream, event: made.waits(stream, event))
    monkeypatch.setattr(simulated_cuda, "_together", made.together)
    monkeypatch.setattr(launch, "start", made.start)
    return made.groups


@pytest.fixture
def layers(chip, monkeypatch):
    """`layers(cell, transforms, **settings)`: a layer on the device, and the interpreter's with the same parameters."""
    monkeypatch.setattr(cuda_device, "target", lambda: None)

    def made(cell, transforms=None, sizes=(INPUTS, H), **settings):
        key = cell, tuple(transforms or {})
        if key not in CLASSES:
            compiled = compile_cell(cell, transforms=transforms)
            module = simulated.module_of(compiled.cuda_source)
            CLASSES[key] = getattr(module, compiled.info.name), InterpreterModule(compiled.spec.filename, None, transforms).layer()
        settings = {"seed": 1, "dtype": "float64"} | settings
        here, there = CLASSES[key]
        cpu = {k: v for k, v in settings.items() if k not in ("device", "precision")}
        one = here(*sizes, **{"device": "cuda"} | settings)
        return one, there(*sizes, **cpu | {"dtype": one.dtype})

    return made


@pytest.fixture(params=["emulated", "ptx"])
def run(request):
    """`tests.cuda.emulator.run`, and what does the same with a kernel's PTX."""
    if request.param == "emulated":
        return emulator.run
    pytest.importorskip("numba_cuda", reason="numba-cuda is not installed: pip install .[cuda]")
    return ptx_launch.emulated


@pytest.fixture
def by_ptx(chip, monkeypatch):
    """Kernels are run as PTX: `grids`, what was launched, and `in_turn`, whether a block runs alone until it has to wait.

    By the plan blocks meet at no cost, so that they share the units of a part.
    """
    pytest.importorskip("numba_cuda", reason="numba-cuda is not installed: pip install .[cuda]")
    found = SimpleNamespace(grids=[], in_turn=False)

    def start(kernel, dtype, grid, arguments, library):
        found.grids.append(grid)
        ptx_launch.start(kernel, dtype, grid, arguments, library, in_turn=found.in_turn)

    monkeypatch.setattr(launch, "start", start)
    monkeypatch.setattr(plan, "_MEETING", 0)
    plan.plan_loop.cache_clear()
    yield found
    plan.plan_loop.cache_clear()
