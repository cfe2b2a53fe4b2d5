"""`rnncc bench` from end to end at a tiny shape, and what it refuses."""

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from rnncc import catalogue
from rnncc.bench import choose
from rnncc.bench.peers import PEERS, Library
from rnncc.bench.problem import BenchCell
from rnncc.bench.session import Session
from rnncc.cli import main
from rnncc.cli.bench_options import Options

LEAKY = """
from rnncc.spec import Cell
cell = Cell("Leaky")
x = cell.input("x")
m = cell.state("m", size=cell.size("wide", default=2))
a = cell.constant("a", 0.5)
drive = cell.weight("W", m, x) @ x
m_new = a * m + (2 if cell.option("twice", False) else 1) * drive
cell.next(m=m_new)
cell.output(m_new)
"""


def bench(*arguments):
    return CliRunner().invoke(main, ["bench", *arguments], prog_name="rnncc")


def test_quick_prints_a_table_and_writes_the_figures(tmp_path):
    figures = tmp_path / "figures.json"
    done = bench("--quick", "--cell", "elman", "--mode", "inference", "--mode", "stream", "--peer", "none", "--json", str(figures))
    assert done.exit_code == 0, done.output
    first, *told = done.stderr.splitlines()
    assert first == "2 steps: 0 s of measuring at most, and what compiling and checking takes"
    assert [re.sub(r"[\d.]+ ms; about \d+ s left", "… ms; … left", line) for line in told[:1]] == [
        "1/2 elman (5,3,8,16), inference, float32: rnncc … ms; … left"
    ]
    assert re.fullmatch(r"2/2 elman \(1,3,8,16\), stream, float32: rnncc [\d.]+ ms; done", told[1])
    for word in ("FMA peak", "memory (triad)", "elman", "5,3,8,16", "ready"):
        assert word in done.stdout
    assert [r["mode"] for r in json.loads(figures.read_text())["results"]] == ["inference", "stream"]


def test_ctrl_c_keeps_what_was_measured(tmp_path, monkeypatch):
    figures, measured, begun = tmp_path / "figures.json", Session._result, []

    def first_only(session, problem, *arguments):
        if begun:
            raise KeyboardInterrupt
        begun.append(problem)
        return measured(session, problem, *arguments)

    monkeypatch.setattr(Session, "_result", first_only)
    done = bench("--quick", "--cell", "elman", "--mode", "inference", "--mode", "stream", "--peer", "none", "--json", str(figures))
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (0, "interrupted: 1 measured"), done.output
    assert [r["mode"] for r in json.loads(figures.read_text())["results"]] == ["inference"]


def test_what_was_measured_is_written_down_before_anything_else_can_fail(tmp_path, monkeypatch):
    figures, measured, begun = tmp_path / "figures.json", Session._result, []

    def first_only(session, problem, *arguments):
        if begun:
            raise MemoryError
        begun.append(problem)
        return measured(session, problem, *arguments)

    monkeypatch.setattr(Session, "_result", first_only)
    done = bench("--quick", "--cell", "elman", "--mode", "inference", "--mode", "stream", "--peer", "none", "--json", str(figures))
    assert isinstance(done.exception, MemoryError)
    assert "elman" in done.stdout
    assert [r["mode"] for r in json.loads(figures.read_text())["results"]] == ["inference"]


def test_a_wrong_contender_is_told_last_and_the_others_are_measured(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    from rnncc.bench.peers import torch_loop

    monkeypatch.setattr(torch_loop, "_results", lambda result: {"output": result[1].numpy() + 1})
    figures = tmp_path / "figures.json"
    arguments = ("--cell", "custom", "--mode", "inference", "--peer", "pytorch-loop", "--json", str(figures))
    done = bench("--quick", *arguments)
    assert done.exit_code == 1
    assert "disagrees, " in done.stdout
    first, told = done.stderr.splitlines()[-2:]
    assert first == "error: not timed, since it fails or computes something else:"
    assert told.startswith("  pytorch-loop, custom (5,3,8,16), inference, float32: ")
    (result,) = json.loads(figures.read_text())["results"]
    assert result["contenders"].keys() == {"rnncc"}
    assert [d["contender"] for d in result["disagrees"]] == ["pytorch-loop"]


def test_what_is_set_reaches_everybody(tmp_path):
    """An option, a size and a constant: a layer's results are compared with the interpreter's."""
    spec, figures = tmp_path / "leaky.py", tmp_path / "figures.json"
    spec.write_text(LEAKY)
    settings = [word for text in ("twice=True", "wide=3", "a=0.25") for word in ("--set", text)]
    done = bench("--quick", "--cell", str(spec), "--mode", "inference", "--peer", "none", *settings, "--json", str(figures))
    assert done.exit_code == 0, done.output
    (result,) = json.loads(figures.read_text())["results"]
    assert result["cell"] == "leaky twice=True wide=3 a=0.25"


def test_every_cell_of_the_catalogue(monkeypatch):
    monkeypatch.setattr(BenchCell, "found", lambda name, _settings: name)
    given = dict.fromkeys(("shapes", "modes", "peers"), ()) | dict.fromkeys(("threads", "blocks", "seconds", "json_file", "plot_file"))
    given |= {"dtype": "float32", "growth": (), "settings": {}, "transforms": {}, "quick": True, "cells": ("all",)}
    given["peers"] = ("none",)
    assert Options(**given).session().cells == tuple(catalogue.names())


def test_a_path_and_a_peer(tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    spec = tmp_path / "mine.py"
    spec.write_text((Path(__file__).parents[2] / "specs" / "elman.py").read_text())
    arguments = ("--shape", "2,1,3,4", "--mode", "inference", "--blocks", "1", "--seconds", "0.001")
    done = bench("--quick", "--cell", str(spec), "--peer", "pytorch-loop", *arguments)
    assert done.exit_code == 0, done.output
    assert "geometric mean" in done.stdout
    assert "mine" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cell", "lsmt"], "unknown cell 'lsmt'"),
        (["--shape", "1,2,3"], "expected T,N,I,H"),
        (["--peer", "tensorflow"], "unknown peer 'tensorflow'"),
        (["--threads", "4096"], "this process may use"),
        (["--json", "nowhere/a.json"], "there is no folder"),
        (["--transform", "zone_out=0.1"], "did you mean zoneout?"),
        (["--transform", "layer_norm", "--growth", "T"], "leave out --growth"),
        (["--transform", "zoneout=1.0"], "zoneout=1.0; expected a probability"),
        (["--transform", "zoneout={'q': 0.1}"], "LSTM has no state q"),
        (["--transform", "layer_norm", "--peer", "none"], "leave out --peer"),
        (["--cell", "elman", "--set", "phii=relu"], "Elman takes no phii='relu'; did you mean phi?"),
        (["--cell", "jordan", "--set", "out=0"], "out=0; expected a whole number of at least 1"),
        (["--cell", "slstm", "--set", "heads=3"], "3 blocks along its diagonal, which do not divide"),
        (["--cell", "elman", "--set", "zoneout=0.1"], "use --transform zoneout=0.1"),
    ],
)
def test_mistakes_are_told_before_anything_runs(arguments, message):
    done = bench("--quick", *arguments)
    assert done.exit_code == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("arguments", [["--mode", "sideways"], ["--blocks", "0"], ["--seconds", "0"], ["--dtype", "int8"]])
def test_wrong_usage(arguments):
    assert bench(*arguments).exit_code == 2


def test_a_peer_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(PEERS, "jax", Library("jax_scan", "scan", ("no-such-package",), "absent"))
    assert choose.missing_peers()["jax"] == ["no-such-package"]
    done = bench("--quick", "--peer", "jax")
    assert done.exit_code == 1
    assert "pip install no-such-package" in done.stderr
    listed = bench("--quick", "--cell", "elman", "--mode", "stream", "--peer", "none")
    assert "not installed: jax (no-such-package)" in listed.stdout


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot hold a process to some cores")
def test_threads_hold_the_process_to_as_many_cores():
    before = os.sched_getaffinity(0)
    with choose.held_to(1):
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before
