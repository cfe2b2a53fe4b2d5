"""Specs by name and by path."""

import pytest

from rnncc.catalogue import directory, find, names
from rnncc.errors import ArgumentError
from rnncc.spec import load

CORE = ("elman", "gru", "gru_cho", "gru_reset_after", "jordan", "lstm", "lstm_peephole")


def test_the_core_cells_are_there():
    assert set(CORE) <= set(names())


@pytest.mark.parametrize("name", CORE)
def test_every_cell_has_a_name_a_citation_and_parameters(name):
    spec = load(name)
    assert spec.name.isidentifier()
    assert spec.name[0].isupper()
    assert any(year in spec.doc for year in ("1986", "1990", "1997", "2002", "2014"))
    assert spec.parameters


def test_unknown_names_get_a_suggestion():
    with pytest.raises(ArgumentError, match=r"unknown cell 'lstmm'; did you mean lstm\?"):
        find("lstmm")


def test_paths(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text((directory() / "elman.py").read_text())
    assert find(path) == find(str(path)) == path
    assert load(path).name == "Elman"


@pytest.mark.parametrize("source", ["nowhere/lstm.py", "lstm.py", "./lstm"])
def test_a_path_where_nothing_is(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError, match=r"no spec file .*; give the path of a file, or a name: elman"):
        find(source)
