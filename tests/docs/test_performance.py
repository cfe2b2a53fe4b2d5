"""The tables of docs/performance.md that are written from figures."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "performance.md").read_text(encoding="utf-8")
MACHINE = {"processor": "a processor", "instruction_set": "avx2", "threads": 2}
ABOUT = {"date": "2026-01-02T03:04", "machine": MACHINE, "plan": {"dtype": "float32"}}


@pytest.fixture(scope="module")
def performance() -> ModuleType:
    spec = importlib.util.spec_from_file_location("performance_page", DOCS / "performance.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cost(mode: str, transform: str, seconds: float) -> dict:
    sizes = {"steps": 100, "batch": 32, "inputs": 128, "hidden": 64}
    return {"cell": "lstm", "mode": mode, **sizes, "transform": transform, "seconds": seconds, "plain": 0.002, "ratio": seconds / 0.002}


def series(contender: str, mode: str, values: list[float]) -> dict:
    return {"what": "time", "along": "T", "cell": "lstm", "mode": mode, "contender": contender, "sizes": [10, 1000], "values": values}


def test_the_page_is_what_the_figures_give(performance: ModuleType) -> None:
    assert performance.written(PAGE, DOCS) == PAGE, "write the page again with `python docs/performance.py`"


def result(cell: str, mode: str, steps: int, own: float, peer: float) -> dict:
    sizes = {"steps": steps, "batch": 1, "inputs": 2, "hidden": 3}
    contenders = {"rnncc": {"seconds": own}, "peer": {"seconds": peer}}
    return {"cell": cell, "mode": mode, **sizes, "contenders": contenders, "ratio": peer / own, "share": 0.25, "limit": "FMA"}


def test_cells_are_columns_and_shapes_rows(performance: ModuleType, tmp_path: Path) -> None:
    """What was measured again counts."""
    first = [result("lstm", "inference", 10, 0.002, 0.001), result("gru", "inference", 10, 0.001, 0.004)]
    first += [result("lstm", "inference", 20, 0.001, 0.002), result("gru", "inference", 20, 0.001, 0.001)]
    again = [result("lstm", "inference", 10, 0.001, 0.008)]
    (tmp_path / "performance.json").write_text(json.dumps(ABOUT | {"results": first}), encoding="utf-8")
    (tmp_path / "performance-later.json").write_text(json.dumps(ABOUT | {"results": again}), encoding="utf-8")
    page = performance.written("<!-- performance -->\n<!-- end of performance -->\n", tmp_path)
    assert page.splitlines()[2:-4] == [
        "| best peer / rnncc, inference | `lstm` | `gru` |",
        "| --- | --- | --- |",
        "| (10, 1, 2, 3) | 8.00 | 4.00 |",
        "| (20, 1, 2, 3) | 2.00 | 1.00 |",
        "| geometric mean | 4.00 | 2.00 |",
        "",
        "The geometric means over all of it are 2.83 in inference.",
        "",
        "| `lstm`, ms | mode | rnncc | peer | of the limit that binds |",
        "| --- | --- | --- | --- | --- |",
        "| (10, 1, 2, 3) | inference | 1 | 8 | 25 % FMA |",
        "| (20, 1, 2, 3) | inference | 1 | 2 | 25 % FMA |",
    ]


def test_transforms_are_rows_and_cells_in_a_mode_columns(performance: ModuleType) -> None:
    costs = [cost("inference", "reset", 0.003), cost("training", "reset", 0.004), cost("training", "zoneout=0.1", 0.005)]
    assert performance.transforms(ABOUT | {"transforms": costs}).splitlines() == [
        "| (100, 32, 128, 64), ms (× plain) | lstm, inference | lstm, training |",
        "| --- | --- | --- |",
        "| plain | 2 | 2 |",
        "| `reset` | 3 (1.50) | 4 (2.00) |",
        "| `zoneout=0.1` |  | 5 (2.50) |",
        "",
        "Measured on 2026-01-02, 2 cores of a processor (avx2), float32.",
    ]


def test_slopes_stand_beside_each_other(performance: ModuleType) -> None:
    found = [
        series("rnncc", "inference", [1e-3, 1e-1]),
        series("peer", "inference", [2e-3, 2e-3]),
        series("rnncc", "training", [1.0, 10.0]),
    ]
    made = performance.growth(ABOUT | {"series": found})
    assert made.startswith("![how time, compilation and memory grow](growth.svg)")
    assert made.splitlines()[-6:-2] == [
        "| time of a call, ms |  | rnncc | peer |",
        "| --- | --- | --- | --- |",
        "| T = 10 → 1,000 | `lstm`, inference | 1 → 100 (1.00, 1.00) | 2 → 2 (0.00, 0.00) |",
        "| T = 10 → 1,000 | `lstm`, training | 1,000 → 10,000 (0.50, 0.50) |  |",
    ]


def test_a_part_is_written_where_its_figures_are(performance: ModuleType, tmp_path: Path) -> None:
    page = "a\n<!-- transforms -->\nold\n<!-- end of transforms -->\nb\n<!-- growth -->\nold\n<!-- end of growth -->\nc\n"
    (tmp_path / "transforms.json").write_text(json.dumps(ABOUT | {"transforms": [cost("training", "reset", 0.004)]}))
    made = performance.written(page, tmp_path)
    assert "\n<!-- transforms -->\n\n| (100," in made
    assert made.endswith("float32.\n\n<!-- end of transforms -->\nb\n<!-- growth -->\nold\n<!-- end of growth -->\nc\n")
    assert performance.written(made, tmp_path) == made
    with pytest.raises(ValueError, match="no place for transforms: write <!-- transforms -->"):
        performance.written("nothing", tmp_path)
