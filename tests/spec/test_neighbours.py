"""Specs that import what lies beside them."""

import sys

import pytest

from rnncc.errors import SpecError
from rnncc.spec import load

SPEC = """from rnncc.spec import Cell, tanh
from gates import affine
cell = Cell("Beside")
x = cell.input("x")
h = cell.state("h")
h_new = tanh(affine(cell, "a", h, x))
cell.next(h=h_new)
cell.output(h_new)
"""
GATES = """def affine(cell, k, h, x):
    return cell.weight(f"{prefix}_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h
prefix = "PREFIX"
"""


def write(folder, prefix, gates=GATES):
    folder.mkdir(exist_ok=True)
    (folder / "gates.py").write_text(gates.replace("PREFIX", prefix))
    (folder / "cell.py").write_text(SPEC)
    return folder / "cell.py"


def test_a_spec_imports_its_neighbours(tmp_path):
    path, before = list(sys.path), set(sys.modules)
    one, two = write(tmp_path / "one", "W"), write(tmp_path / "two", "Other")
    assert "W_a" in load(one).definition
    assert "Other_a" in load(two).definition
    assert "Changed_a" in load(write(tmp_path / "one", "Changed")).definition
    assert sys.path == path
    assert "gates" not in set(sys.modules) - before


def test_a_fault_in_a_neighbour_points_at_the_line_that_called_it(tmp_path):
    spec = write(tmp_path, "W", GATES.replace("@ h", "@ x"))
    with pytest.raises(SpecError, match=r"cell.py:6:14: error: U_a @ x: the sizes do not fit"):
        load(spec)


def test_a_neighbour_that_raises(tmp_path):
    spec = write(tmp_path, "W", "raise ValueError('unfinished')\n")
    with pytest.raises(SpecError, match=r"cell.py:2:19: error: ValueError: unfinished"):
        load(spec)
    assert str(tmp_path) not in sys.path
