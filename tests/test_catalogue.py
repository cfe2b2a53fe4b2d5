"""Specs by name and by path."""

import re

import pytest

from rnncc.catalogue import directory, find, names
from rnncc.errors import ArgumentError
from rnncc.spec import load


@pytest.mark.parametrize("name", names())
def test_every_cell_has_a_name_a_citation_and_parameters(name):
    spec = load(name)
    assert spec.name.isidentifier()
    assert spec.name[0].isupper()
    assert re.search(r"\b(19|20)\d\d\b", spec.doc)
    assert spec.parameters


def test_no_two_cells_have_one_name():
    found = [load(name).name for name in names()]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("name", names())
def test_a_spec_begins_with_one_line_that_says_what_it_is(name):
    """`rnncc list` shows that line."""
    text = find(name).read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert text.splitlines()[0].endswith(".")


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
    with pytest.raises(ArgumentError, match=r"no spec file .*; give the path of a file, or a name that `rnncc list` shows"):
        find(source)
