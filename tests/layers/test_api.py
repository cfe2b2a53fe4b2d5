import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import rnncc

ROOT = Path(__file__).parents[2]


def test_a_layer_of_a_cell_is_an_rnn():
    layer = rnncc.RNN("lstm", 3, 5, 2, batch_first=True)
    assert isinstance(layer, rnncc.RNN)
    assert issubclass(type(layer), rnncc.RNN)
    assert not isinstance(3, rnncc.RNN)
    assert type(layer).__name__ == "LSTM"
    assert layer(np.zeros((4, 6, 3), np.float32))[0].shape == (4, 6, 5)


def test_options_sizes_and_constants_are_plain_keywords():
    assert rnncc.RNN("elman", 3, 5, phi="relu").cell.options == {"phi": "relu"}
    layer = rnncc.RNN(Path(__file__).parent / "cells" / "mixed.py", 3, 5, proj=7, alpha=0.25)
    assert layer.output_size == 7
    assert layer.constants == {"alpha": 0.25}


def test_an_unknown_keyword_is_told_what_there_is():
    with pytest.raises(rnncc.ArgumentError, match="Elman takes no fhi='relu'; did you mean phi"):
        rnncc.RNN("elman", 3, 5, fhi="relu")


def test_an_unknown_cell():
    with pytest.raises(rnncc.ArgumentError, match="lstm"):
        rnncc.RNN("lsmt", 3, 5)


def test_the_version_is_that_of_pyproject():
    assert rnncc.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    with pytest.raises(AttributeError, match="no attribute 'versoin'"):
        rnncc.versoin  # noqa: B018


def test_the_import_brings_neither_sympy_nor_numba():
    code = "import sys, rnncc; print([m for m in ('sympy', 'numba', 'llvmlite') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


def test_signatures_show_what_a_caller_gives():
    assert list(inspect.signature(rnncc.RNN).parameters)[:4] == ["cell", "input_size", "hidden_size", "num_layers"]
