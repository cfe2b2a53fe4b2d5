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
def test_a_cell_is_as_its_spec_and_its_times_give_it(cells: ModuleType, name: str) -> None:
    made = compile_cell(name)
    measured, results = cells.speeds(DOCS / "cells-speed.json"), json.loads((DOCS / "cells.json").read_text(encoding="utf-8"))
    assert cells.section(name, made, results, measured) in PAGE, AGAIN
    assert "\n".join(cells.overview({name: made}, measured)).splitlines()[-1] in PAGE, AGAIN


def test_what_cells_learned_is_as_the_results_give_it(cells: ModuleType) -> None:
    results = json.loads((DOCS / "cells.json").read_text(encoding="utf-8"))
    assert "\n".join(cells.learned(results)) in PAGE, AGAIN


def test_cells_that_were_trained_alike_share_a_command(cells: ModuleType) -> None:
    shown = [{"task": "copy 9", "cell": "lru", "settings": "--steps 5"}, *({"task": "copy 9", "cell": c} for c in ("elman", "gru"))]
    alike, alone = (line.strip() for line in cells._commands("copy 9", shown))
    assert alike == "for cell in elman gru; do python examples/tasks.py copy --length 9 --cell $cell --json docs/cells.json; done"
    assert alone == "python examples/tasks.py copy --length 9 --cell lru --steps 5 --json docs/cells.json"


def test_a_cell_without_a_curve_says_why(cells: ModuleType) -> None:
    results = [{"task": "copy 9", "cell": "lstm", "score": 2.0}]
    assert list(cells.scores("lstm", compile_cell("lstm"), results)) == ["learned, copy 9: 2"]
    assert list(cells.scores("gru", compile_cell("gru"), results)) == ["learned, copy 9: not run"]
    (attention,) = cells.scores("lstm_attention", compile_cell("lstm_attention"), results)
    assert attention == "no curves: the tasks have no memory m to attend to"
    assert list(cells.scores("gru_d", compile_cell("gru_d"), results)) == ["learned, copy 9: not run"]


def test_every_cell_has_a_section() -> None:
    sections = [line.removeprefix("## ") for line in PAGE.splitlines() if line.startswith("## ")]
    assert sections[2:] == list(catalogue.names()), AGAIN


def test_a_row_counts_as_the_layers_of_libraries_do(cells: ModuleType) -> None:
    row = "\n".join(cells.overview({"lstm": compile_cell("lstm")}, {}))
    assert "| [`lstm`](#lstm) | 131,584 |" in row  # 4 (128 + 128 + 1) 128
    assert " | 1,024 |" in row  # 128 numbers in, 128 out


def test_a_curve_falls_from_full_to_empty_by_logarithms(cells: ModuleType) -> None:
    assert cells.curve([100.0, 10.0, 1.0], 1.0, 100.0) == "█▅▁"
    assert cells.curve([10.0, 10.0], 1.0, 100.0) == "▅▅"
    assert cells.curve([10.0, 0.0], 1.0, 100.0) == "▅▁"
    bars = cells.curve([math.exp(-k) for k in range(200)], math.exp(-199), 1.0)
    assert len(bars) == 20
    assert bars == "".join(sorted(bars, reverse=True))


def measured(**changes: object) -> dict:
    result = {
        "cell": "lstm",
        "mode": "training",
        "steps": 100,
        "batch": 32,
        "inputs": 128,
        "hidden": 128,
        "best_peer": "jax",
        "ratio": 2.0,
    }
    result |= {"contenders": {"rnncc": {"seconds": 0.004}, "jax": {"seconds": 0.008}}, "disagrees": []} | changes
    machine = {"processor": "a processor", "instruction_set": "avx2", "threads": 2}
    versions = {"torch": "2.1", "jax": "0.4", "onnxruntime": None}
    return {"date": "2026-01-02T03:04", "machine": machine, "versions": versions, "plan": {"dtype": "float32"}, "results": [result]}


def test_times_stand_beside_costs(cells: ModuleType) -> None:
    page = "\n".join(cells.overview({"lstm": compile_cell("lstm"), "elman": compile_cell("elman")}, measured()))
    rows = {line.split("`")[1]: line.split(" | ")[7:9] for line in page.splitlines() if line.startswith("| [")}
    assert rows == {"lstm": ["", "4, JAX 2.00 ×"], "elman": ["", ""]}
    assert "(100, 32, 128, 128), float32" in page
    assert "2026-01-02, 2 cores of a processor (avx2), JAX 0.4.\n" in page


def test_who_disagrees_is_told(cells: ModuleType) -> None:
    wrong = [{"contender": "jax"}]
    alone = measured(contenders={"rnncc": {"seconds": 0.004}}, best_peer=None, ratio=None, disagrees=wrong)
    assert cells.speed(alone, "lstm", "training") == "4, JAX disagrees"
    nobody = measured(contenders={}, best_peer=None, ratio=None, disagrees=[*wrong, {"contender": "rnncc"}])
    assert cells.speed(nobody, "lstm", "training") == "JAX disagrees, rnncc disagrees"


def test_the_page_without_times(cells: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "stopped.json").write_text('{"results": []}')
    assert cells.speeds(tmp_path / "absent.json") == cells.speeds(tmp_path / "stopped.json") == {}
    assert "speed" not in "\n".join(cells.overview({"lstm": compile_cell("lstm")}, {}))
