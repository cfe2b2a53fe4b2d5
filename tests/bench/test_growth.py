"""How figures grow: slopes, the steps of a run, tables and pictures of them, and the processes of their own."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from rnncc.bench.contender import Contender
from rnncc.bench.growth import measure
from rnncc.bench.growth.apart import apart
from rnncc.bench.growth.jobs import compile_time, memory
from rnncc.bench.growth.point import Line, Point, Series, series
from rnncc.bench.growth.report import line, points, record, tables, wrong
from rnncc.bench.growth.resident import countable, peak_of
from rnncc.bench.growth.setting import TINY, Setting
from rnncc.bench.problem import BenchCell
from rnncc.bench.timing import Plan, Stopwatch
from rnncc.cli import main
from rnncc.errors import ArgumentError, InternalError

LINE = Line("time", "T", "elman", "inference", "rnncc")
LEAKY = """
from rnncc.spec import Cell
cell = Cell("Leaky")
x = cell.input("x")
m = cell.state("m", size=x)
cell.next(m=0.5 * m + x)
cell.output(m)
"""
needs_proc = pytest.mark.skipif(not countable(), reason="this system does not say how much memory a process has had")


def growing(sizes, values):
    return Series(LINE, sizes, values)


def test_the_slope_of_a_power_is_its_exponent():
    sizes = (1, 10, 100, 1000)
    assert growing(sizes, (3.0, 300.0, 3e4, 3e6)).slope == pytest.approx(2)
    assert growing(sizes, (7.0,) * 4).slope == pytest.approx(0)
    assert growing(sizes, (5.0, 5.0, 50.0, 500.0)).end == pytest.approx(1)
    assert growing((1, 10, 100), (5.0, 5.0, 50.0)).end == pytest.approx(1)


@pytest.mark.parametrize("one", [growing((4,), (1.0,)), growing((1, 2), (0.0, 1.0))])
def test_no_slope_of_one_point_or_of_nothing(one):
    assert one.slope != one.slope
    assert one.end != one.end


def test_points_become_lines_by_size():
    other = replace(LINE, contender="peer")
    points = [Point(LINE, 10, 2.0), Point(other, 1, 5.0), Point(LINE, 1, 1.0)]
    assert series(points) == [growing((1, 10), (1.0, 2.0)), Series(other, (1,), (5.0,))]


def setting_of(right=True, modes=("inference",)):
    """A contender that takes as long as T N H says, on a clock of its own."""
    now = [0.0]

    def make(problem):
        shape, results = problem.shape, problem.expected()

        def call():
            now[0] += shape.steps * shape.batch * shape.hidden
            return results if right else {key: value + 1 for key, value in results.items()}

        return Contender(call, lambda found: found)

    watch = Stopwatch(lambda: now[0], lambda _seconds: None)
    makers = {"rnncc": make, "absent": lambda _problem: None}
    plan = Plan(blocks=1, seconds=0.01, rest=0.0)
    return Setting((BenchCell.found("elman"),), modes, makers, "float32", 1, plan, TINY, watch)


def test_time_is_measured_along_each_size():
    told = []
    todo = measure.steps(setting_of(), ["T", "N", "H", "T"])
    found = series(measure.measured(todo, told.append))
    assert [(s.line.along, s.sizes) for s in found] == [("T", TINY.steps), ("N", TINY.batch), ("H", TINY.hidden)]
    assert [s.slope for s in found] == pytest.approx([1, 1, 1])
    assert len(told) == len(todo) == 6
    assert told[0] == "time, elman (2,3,8,8), inference, float32"
    assert found[2].values == (5 * 3 * 4, 5 * 3 * 8)


def test_what_is_wrong_at_the_first_size_is_timed_at_none():
    found = list(measure.measured(measure.steps(setting_of(right=False), ["T"]), lambda _name: None))
    assert points(found) == []
    assert [(d.contender, d.problem) for d in wrong(found)] == [("rnncc", "elman (2,3,8,8), inference, float32")]
    assert line(found[0]) == [f"{found[0]}; not timed"]


def test_what_runs_apart_is_asked_for_every_size(monkeypatch):
    asked = []

    def fake(job, environment, **arguments):
        asked.append((job, environment, arguments))
        return {"module": 1.0, "whole": 4.0} if job == "compile" else {"kept": 10.0, "peak": 20.0}

    for part in ("compiling", "memory"):
        monkeypatch.setattr(f"rnncc.bench.growth.{part}.apart", fake)
    monkeypatch.setattr("rnncc.bench.growth.measure.countable", lambda: True)
    found = series(measure.measured(measure.steps(setting_of(), ["compile", "memory", "checkpoint"]), lambda _name: None))
    assert {(s.line.what, s.line.along) for s in found} == {("compile", "T"), ("compile", "gates"), ("kept", "T"), ("peak", "T")}
    compiled = [(env, arguments) for job, env, arguments in asked if job == "compile"]
    assert len({env["RNNCC_CACHE_DIR"] for env, _ in compiled}) == len(compiled) == 4
    assert [arguments["settings"] for _, arguments in compiled] == [{}, {}, {"gates": 1}, {"gates": 2}]
    kept = [(arguments["shape"], arguments["contender"], arguments["checkpoint"]) for job, _, arguments in asked if job == "memory"]
    assert ("(9,2,4,4)", "rnncc", 3) in kept
    assert ("(9,2,4,4)", "absent", None) in kept
    assert len(kept) == 2 * 2 + 3 * 2
    assert {s.line.contender for s in found if s.line.what == "peak"} == {"rnncc", "absent", "rnncc, checkpoints"}


def test_memory_needs_a_system_that_tells_it(monkeypatch):
    monkeypatch.setattr("rnncc.bench.growth.measure.countable", lambda: False)
    with pytest.raises(ArgumentError, match="Linux alone has"):
        measure.steps(setting_of(), ["T", "memory"])
    assert measure.steps(setting_of(), ["T"])


def test_a_process_that_fails_is_told_with_its_last_words():
    with pytest.raises(InternalError, match=r"(?s)measuring memory .* ended with 1:.*TypeError"):
        apart("memory", {}, nonsense=1)


def test_a_process_of_its_own_gives_figures(tmp_path):
    spec = tmp_path / "leaky.py"
    spec.write_text(LEAKY)
    given = {"cell": str(spec), "settings": {}, "shape": "(3,2,4,4)", "dtype": "float32", "threads": 1}
    found = apart("compile", {"RNNCC_CACHE_DIR": str(tmp_path / "cells")}, **given)
    assert 0 < found["module"] < found["whole"]
    again = compile_time(**given)
    assert again.keys() == found.keys()


@needs_proc
def test_the_peak_is_what_a_call_adds():
    batches = 1 << 20  # Linux counts pages in batches, some a thread
    assert peak_of(lambda: np.ones(1 << 26, np.int8)) >= (1 << 26) - batches
    assert peak_of(lambda: None) < 1 << 24


@needs_proc
def test_memory_of_this_package_and_of_peers():
    given = {"cell": "elman", "settings": {}, "shape": "(64,4,8,8)", "dtype": "float32", "threads": 1}
    whole = memory(contender="rnncc", checkpoint=None, **given)
    assert whole["kept"] >= 4 * 64 * 4 * 8
    long = given | {"shape": "(4096,4,8,8)"}
    assert memory(contender="rnncc", checkpoint=64, **long)["kept"] < memory(contender="rnncc", checkpoint=None, **long)["kept"]
    pytest.importorskip("torch", reason="PyTorch is not installed")
    assert memory(contender="pytorch", checkpoint=None, **given)["kept"] >= 4 * 64 * 4 * 8
    assert memory(contender="pytorch", checkpoint=None, **given | {"cell": "gru"}) == {}


def two_series():
    return [growing((1, 10), (1e-3, 1e-2)), Series(replace(LINE, what="kept", contender="peer"), (5,), (2e6,))]


def test_tables_and_record():
    times, memory_kept = tables(two_series())
    assert [list(c.cells) for c in times.columns] == [["elman"], ["inference"], ["rnncc"], ["1"], ["10"], ["1.00"], ["1.00"]]
    assert memory_kept.title == "memory kept for the backward pass, inputs apart (MB) along T"
    assert [list(c.cells) for c in memory_kept.columns][3:] == [["2"], ["nan"], ["nan"]]
    assert json.loads(json.dumps(record(two_series())))[0]["values"] == [1e-3, 1e-2]


def test_pictures(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from rnncc.bench.growth.plot import plot

    plot(two_series(), tmp_path / "a.svg")
    drawn = (tmp_path / "a.svg").read_text()
    assert "elman, inference, peer" in drawn
    assert "memory kept" in drawn
    with pytest.raises(ArgumentError, match="nothing to plot"):
        plot([], tmp_path / "b.svg")


def bench(*arguments):
    return CliRunner().invoke(main, ["bench", *arguments], prog_name="rnncc")


def test_the_command(tmp_path, monkeypatch):
    figures = tmp_path / "growth.json"
    short = ("--quick", "--cell", "elman", "--mode", "inference", "--peer", "none")
    done = bench("--growth", "T", "--growth", "N", *short, "--json", str(figures))
    assert done.exit_code == 0, done.output
    assert re.search(r"^1/4 time of a call, elman, inference, T = 2: rnncc [\d.]+ ms; about ", done.stderr)
    assert "time of a call (ms) along N" in done.stdout
    written = json.loads(figures.read_text())
    assert written.keys() == {"date", "machine", "versions", "plan", "series", "disagrees"}
    assert [s["along"] for s in written["series"]] == ["T", "N"]
    for name in measure.MEASURES:
        monkeypatch.setitem(measure.MEASURES, name, lambda _setting: [])
    assert bench("--growth", *short).exit_code == 0


@pytest.mark.parametrize("arguments", [("--shape", "1,1,1,1"), ("--mode", "stream")])
def test_growth_has_its_own_shapes(arguments):
    done = bench("--growth", "T", *arguments)
    assert done.exit_code == 1
    assert "leave out --shape and --mode stream" in done.stderr
