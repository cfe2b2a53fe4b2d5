"""What transforms cost: changed layers are right, timed beside the plain one, masks drawn; the interpreter in place of kernels."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from rnncc.bench.contender import Contender
from rnncc.bench.peers import own
from rnncc.bench.problem import BenchCell, Shape
from rnncc.bench.timing import Plan, Stopwatch
from rnncc.bench.transforms import Comparison, costs, line, record, table, wrong
from rnncc.cli import main
from rnncc.errors import ArgumentError
from tests.interpreter_engine import InterpreterModule

SHAPE = Shape(4, 2, 3, 5)
EACH = {
    "layer_norm": {"layer_norm": True},
    "zoneout=0.25": {"zoneout": 0.25},
    "reset": {"reset": True},
    "learn_initial": {"learn_initial": True},
}


@pytest.fixture
def interpreted(monkeypatch):
    monkeypatch.setattr(
        own, "find_class", lambda path, options, structure, _device: (InterpreterModule(path, options, structure).layer(), {})
    )


def comparison_of(make, transforms=EACH, modes=("inference", "training")):
    """On a clock that goes on by a second a call of the plain cell, by three of another."""
    now = [0.0]

    def timed(problem):
        contender = make(problem)

        def call():
            now[0] += 3.0 if problem.cell.made.transforms else 1.0
            return contender.call()

        return Contender(call, contender.read)

    watch = Stopwatch(lambda: now[0], lambda _seconds: None)
    plan = Plan(blocks=1, seconds=0.01, rest=0.0)
    return Comparison((BenchCell.found("elman"),), (SHAPE,), modes, transforms, timed, "float64", 1, plan, watch)


def test_each_transform_is_timed_beside_the_plain_cell(interpreted):
    begun = []
    comparison = comparison_of(own.layer)
    found = list(comparison.run(comparison.problems(), begun.append))
    assert begun == ["elman (4,2,3,5), inference, float64", "elman (4,2,3,5), training, float64"]
    assert [(c.problem.mode, c.transform) for c in found] == [(mode, text) for mode in ("inference", "training") for text in EACH]
    assert {(c.plain, c.seconds, c.ratio) for c in found} == {(1.0, 3.0, 3.0)}
    assert [column.header for column in table(found).columns][-2:] == ["× plain", "ready"]
    assert json.loads(json.dumps(record(found)))[0] == {
        "cell": "elman",
        "mode": "inference",
        "steps": 4,
        "batch": 2,
        "inputs": 3,
        "hidden": 5,
        "transform": "layer_norm",
        "seconds": 3.0,
        "plain": 1.0,
        "ratio": 3.0,
        "ready": 3.0,
    }


def test_masks_are_drawn_in_training_alone(interpreted):
    drawn = []

    def make(problem):
        drawn.append((problem.mode, bool(problem.cell.made.transforms), problem.random))
        return own.layer(problem)

    comparison = comparison_of(make, {"zoneout=0.25": {"zoneout": 0.25}})
    list(comparison.run(comparison.problems()))
    assert [d for d in drawn if d[1]] == [("inference", True, False), ("training", True, False), ("training", True, True)]
    assert not any(random for _, changed, random in drawn if not changed)


def test_drawn_masks_change_the_result(interpreted):
    cell = BenchCell.found("elman").transformed({"zoneout": 0.5})
    ((problem,),) = (p.values() for p in replace(comparison_of(own.layer, {}, ("training",)), cells=(cell,)).problems())
    outputs = [own.layer(replace(problem, random=random)) for random in (False, True)]
    expected, drawn = (one.read(one.call())["output"] for one in outputs)
    assert (expected != drawn).any()


def test_a_changed_layer_that_is_wrong_is_never_timed(interpreted):
    def make(problem):
        contender = own.layer(problem)
        wrong = bool(problem.cell.made.transforms)
        return Contender(contender.call, lambda found: {key: value + wrong for key, value in contender.read(found).items()})

    comparison = comparison_of(make, modes=("training",))
    found = list(comparison.run(comparison.problems()))
    assert costs(found) == []
    assert [(d.contender, d.problem) for d in wrong(found)] == [
        (f"rnncc ({text})", "elman (4,2,3,5), training, float64") for text in EACH
    ]


def test_what_is_right_is_timed_beside_what_is_wrong(interpreted):
    def make(problem):
        contender = own.layer(problem)
        liar = "zoneout" in problem.cell.made.transforms
        return Contender(contender.call, lambda found: {key: value + liar for key, value in contender.read(found).items()})

    comparison = comparison_of(make, {text: EACH[text] for text in ("zoneout=0.25", "reset")}, ("inference",))
    found = list(comparison.run(comparison.problems()))
    assert [c.transform for c in costs(found)] == ["reset"]
    assert [d.contender for d in wrong(found)] == ["rnncc (zoneout=0.25)"]
    assert line(costs(found)[0]) == ["elman (4,2,3,5), inference, float64: reset 3e+03 ms, plain 1e+03 ms"]


def test_nothing_is_timed_beside_a_plain_cell_that_is_wrong(interpreted):
    def make(problem):
        contender = own.layer(problem)
        liar = not problem.cell.made.transforms
        return Contender(contender.call, lambda found: {key: value + liar for key, value in contender.read(found).items()})

    comparison = comparison_of(make, {"reset": {"reset": True}}, ("inference",))
    (fault,) = comparison.run(comparison.problems())
    assert fault.contender == "rnncc (plain)"


def test_what_a_cell_does_not_take_is_told():
    with pytest.raises(ArgumentError, match="zoneout: Elman has no state q"):
        comparison_of(own.layer, {"zoneout": {"zoneout": {"q": 0.1}}}).problems()


def test_the_command_prints_a_row_a_transform(interpreted, tmp_path):
    figures = tmp_path / "figures.json"
    transforms = ("--transform", "layer_norm", "--transform", "zoneout=0.1", "--mode", "training", "--json", str(figures))
    done = CliRunner().invoke(main, ["bench", "--quick", "--cell", "elman", *transforms], prog_name="rnncc")
    assert done.exit_code == 0, done.output
    assert "1/1 elman (5,3,8,16), training, float32: zoneout=0.1 " in done.stderr
    for word in ("FMA peak", "× plain", "layer_norm", "zoneout=0.1", "5,3,8,16"):
        assert word in done.stdout
    assert [c["transform"] for c in json.loads(figures.read_text())["transforms"]] == ["layer_norm", "zoneout=0.1"]
