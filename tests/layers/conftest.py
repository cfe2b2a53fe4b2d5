"""`class_of(cell, **options)`: the layer class of a catalogue name or of a spec in `cells/`, on each engine there is."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from rnncc.modules import load_module
from rnncc.runtime.replay_cost import Cost
from tests.interpreter_engine import InterpreterModule

CELLS = Path(__file__).parent / "cells"
ENGINES = ("interpreter", "kernels")


@cache
def _class(engine, cell, options):
    path = CELLS / f"{cell}.py"
    source = path if path.exists() else cell
    if engine == "interpreter":
        return InterpreterModule(source, dict(options)).layer()
    module = load_module(source, dict(options))
    return getattr(module, module.CELL.name)


@pytest.fixture(params=ENGINES)
def class_of(request):
    return lambda cell, **options: _class(request.param, cell, tuple(sorted(options.items())))


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture(params=[False, True], ids=["few", "team"])
def shared(request, monkeypatch):
    """Replays by as many threads as their cost asks for, one here; and by all, whether they sleep or not."""
    if request.param:
        monkeypatch.setattr(Cost, "threads", lambda self, most: most)
        monkeypatch.setattr(Cost, "waits", lambda self, threads: True)
