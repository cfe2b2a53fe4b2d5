"""`class_of(cell, **options)`: the layer class of a catalogue name or of a spec in `cells/`, on each engine there is."""

import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.interpreter_engine import InterpreterModule

CELLS = Path(__file__).parent / "cells"
ENGINES = ("interpreter",)


@cache
def _class(engine, cell, options):
    path = CELLS / f"{cell}.py"
    source = path if path.exists() else cell
    return InterpreterModule(source, dict(options)).layer()


@pytest.fixture(params=ENGINES)
def class_of(request):
    return lambda cell, **options: _class(request.param, cell, tuple(sorted(options.items())))


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def public(monkeypatch):
    """`rnncc.RNN` over the interpreter, in the place of the compiler."""
    compiler = ModuleType("rnncc.compiler")
    compiler.load_module = _module
    monkeypatch.setitem(sys.modules, "rnncc.compiler", compiler)


def _module(cell, options):
    module = InterpreterModule(cell, options)
    setattr(module, module.CELL.name, module.layer())
    return module
