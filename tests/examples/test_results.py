"""The file of results: one a task and cell, in order, the latest of each."""

from pathlib import Path
from types import ModuleType

import pytest

from tests.examples.imported import imported


@pytest.fixture(scope="module")
def results() -> ModuleType:
    yield from imported("results")


def test_a_later_result_takes_the_place_of_an_earlier_one(results: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "cells.json"
    assert results.read(path) == []
    for task, cell, score in (("jsb", "lstm", 9.0), ("copy 100", "lstm", 2.0), ("jsb", "gru", 8.0), ("jsb", "lstm", 8.4567891)):
        results.add(path, results.Result(task, cell, 8, 100, 1.234, [score + 1, score], score))
    found = results.read(path)
    assert [(r.task, r.cell, r.score) for r in found] == [("copy 100", "lstm", 2.0), ("jsb", "gru", 8.0), ("jsb", "lstm", 8.4568)]
    assert found[-1] == results.Result("jsb", "lstm", 8, 100, 1.2, [9.4568, 8.4568], 8.4568)


def test_settings_are_written_where_there_are_any(results: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "cells.json"
    plain, set_ = (results.Result("copy 9", cell, 8, 100, 1.0, [2.0], 2.0, said) for cell, said in (("gru", ""), ("lru", "--steps 5")))
    results.add(path, plain)
    results.add(path, set_)
    assert results.read(path) == [plain, set_]
    first, second = path.read_text(encoding="utf-8").splitlines()[1:3]
    assert "settings" not in first
    assert '"settings": "--steps 5"' in second
