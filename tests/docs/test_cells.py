"""The generated page of cells: it is what the specs give, and it has every cell and every result."""

import importlib.util
import json
import math
from pathlib import Path
from types import ModuleType

import pytest

from rnncc import catalogue
from rnncc.compiler import compile_cell

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "cells.md").read_text(encoding="utf-8")
AGAIN = "the page is not what the specs give; write it again with `python docs/cells.py`"


@pytest.fixture(scope="module")
def cells() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cells_page", DOCS / "cells.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["elman", "lstm", "gru_d", "qrnn", "mlstm_matrix"])
def test_a_cell_is_as_its_spec_gives_it(cells: ModuleType, name: str) -> None:
    made = compile_cell(name)
    assert cells.section(name, made) in PAGE, AGAIN
    assert "\n".join(cells.overview({name: made})).splitlines()[-1] in PAGE, AGAIN


def test_what_cells_learned_is_as_the_results_give_it(cells: ModuleType) -> None:
    results = json.loads((DOCS / "cells.json").read_text(encoding="utf-8"))
    assert "\n".join(cells.learned(results)) in PAGE, AGAIN


def test_every_cell_has_a_section() -> None:
    sections = [line.removeprefix("## ") for line in PAGE.splitlines() if line.startswith("## ")]
    assert sections[2:] == list(catalogue.names()), AGAIN


def test_a_row_counts_as_the_layers_of_libraries_do(cells: ModuleType) -> None:
    row = "\n".join(cells.overview({"lstm": compile_cell("lstm")}))
    assert "| [`lstm`](#lstm) | 131,584 |" in row  # 4 (128 + 128 + 1) 128
    assert " | 1,024 |" in row  # 128 numbers in, 128 out


def test_a_curve_falls_from_full_to_empty_by_logarithms(cells: ModuleType) -> None:
    assert cells.curve([100.0, 10.0, 1.0], 1.0, 100.0) == "█▅▁"
    assert cells.curve([10.0, 10.0], 1.0, 100.0) == "▅▅"
    bars = cells.curve([math.exp(-k) for k in range(200)], math.exp(-199), 1.0)
    assert len(bars) == 20
    assert bars == "".join(sorted(bars, reverse=True))
