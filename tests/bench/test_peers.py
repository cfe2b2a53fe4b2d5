"""Every contender computes the cell it is timed on: outputs, last states, gradients, a streamed step."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from rnncc.bench.conditioning import moved
from rnncc.bench.contender import Contender, DisagreementError, disagreement
from rnncc.bench.peers import CONTENDERS, OWN
from rnncc.bench.problem import BenchCell, Problem, Shape
from rnncc.bench.record import disagreements
from rnncc.errors import ArgumentError

SHAPE = Shape(4, 3, 5, 6)
MODES = ["inference", "training", "stream"]
SERVED = {
    OWN: ["elman", "custom"],
    "pytorch": ["elman", "lstm", "gru_reset_after"],
    "pytorch-loop": ["lstm_peephole", "custom", "gru"],
    "torch.compile": [],
    "jax": ["elman", "lstm", "gru", "gru_reset_after", "lstm_peephole", "custom"],
    "onnxruntime": ["elman", "lstm", "gru", "gru_cho", "gru_reset_after", "lstm_peephole"],
}


def library(name):
    for package in CONTENDERS[name].packages:
        pytest.importorskip(package, reason=f"{package} is not installed")
    return CONTENDERS[name]


def problem_of(cell, mode, dtype="float32"):
    return Problem(BenchCell.found(cell), SHAPE, mode, dtype, 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "cell"), [(name, cell) for name, cells in SERVED.items() for cell in cells])
def test_a_contender_computes_the_cell(name, cell, mode):
    problem = problem_of(cell, mode)
    contender = library(name).load()(problem)
    if name == "onnxruntime" and mode == "training":
        assert contender is None
        return
    expected = problem.expected()
    assert disagreement(name, problem, contender.read(contender.call()), expected) is None
    if mode != "stream":
        assert disagreement(name, problem, contender.read(contender.call()), expected) is None


@pytest.mark.parametrize("name", ["pytorch", "pytorch-loop", "onnxruntime"])
def test_a_stream_goes_on_from_where_it_was(name):
    problem = problem_of("lstm_peephole" if name != "pytorch" else "lstm", "stream")
    contender = library(name).load()(problem)
    own = CONTENDERS[OWN].load()(problem)
    first = contender.read(contender.call())["output"].copy()
    own.call()
    second = contender.read(contender.call())
    assert disagreement(name, problem, second, {"output": own.read(own.call())["output"].astype(np.float64)}) is None
    assert np.abs(second["output"] - first).max() > 1e-3


@pytest.mark.parametrize(
    ("name", "cell"), [("pytorch", "gru"), ("pytorch-loop", "lstm"), ("torch.compile", "lstm"), ("onnxruntime", "custom")]
)
def test_what_a_library_does_not_serve(name, cell):
    assert library(name).load()(problem_of(cell, "inference")) is None


def test_both_widths_where_a_library_has_them():
    problem = problem_of("lstm", "training", "float64")
    for name in (OWN, "pytorch"):
        contender = library(name).load()(problem)
        assert disagreement(name, problem, contender.read(contender.call()), problem.expected()) is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:The .grad attribute:UserWarning")  # PyTorch's, about itself
@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("mode", MODES)
def test_the_compiled_loop_computes_the_cell(mode):
    problem = problem_of("custom", mode)
    contender = library("torch.compile").load()(problem)
    assert disagreement("torch.compile", problem, contender.read(contender.call()), problem.expected()) is None


@pytest.mark.parametrize("wrong", [lambda y: y + 1e-2, lambda y: y[:2], lambda y: y * np.nan])
def test_a_wrong_contender_is_named(wrong):
    problem = problem_of("elman", "inference")
    expected = problem.expected()
    found = Contender(lambda: None, lambda _: dict(expected, output=wrong(expected["output"])))
    fault = disagreement("somebody", problem, found.read(found.call()), expected)
    assert str(fault).startswith("somebody, elman (4,3,5,6), inference, float32: output ")
    assert fault.error > fault.at_most
    missing = disagreement("somebody", problem, {"output": expected["output"]}, expected)
    assert str(missing).endswith("h_T is missing, misshaped or no number")
    assert [entry["error"] for entry in disagreements([missing])] == [None]
    assert str(DisagreementError([fault, missing])).splitlines()[1:] == [f"  {fault}", f"  {missing}"]


def test_the_same_values_for_everybody_and_every_time():
    first, again = problem_of("lstm", "training"), problem_of("lstm", "training")
    assert all(np.array_equal(first.params[k], again.params[k]) for k in first.params)
    assert {v.dtype for v in (*first.params.values(), *first.state.values(), *first.streams.values())} == {np.dtype("float32")}
    assert replace(first, shape=Shape(1, 2, 3, 4)).params["U_i"].shape == (4, 4)


def test_what_is_set_changes_the_cell():
    plain, sized = BenchCell.found("jordan"), BenchCell.found("jordan", {"out": 4, "phi": "relu"})
    assert (plain.name, sized.name) == ("jordan", "jordan out=4 phi=relu")
    problem = Problem(sized, SHAPE, "inference", "float64", 1)
    assert problem.expected()["output"].shape == (4, 3, 4)
    still = BenchCell.found("antisymmetric", {"epsilon": 0.0})
    found = Problem(still, SHAPE, "inference", "float64", 1)
    assert np.array_equal(found.expected()["h_T"], found.state["h"])
    assert still.transformed({"layer_norm": True}).made.info.constants["epsilon"] == 0.0


def test_a_library_has_no_layer_of_a_cell_under_settings():
    problem = Problem(BenchCell.found("elman", {"phi": "relu"}), SHAPE, "inference", "float32", 1)
    assert library("pytorch").load()(problem) is None
    assert disagreement("jax", problem, (made := library("jax").load()(problem)).read(made.call()), problem.expected()) is None


def test_a_shape_that_a_cell_does_not_have():
    with pytest.raises(ArgumentError, match="which do not divide the size hidden, 6"):
        Problem(BenchCell.found("slstm", {"heads": 4}), SHAPE, "inference", "float32", 1)


SENSITIVE = '''"""Stretches what two pasts differ by."""

from rnncc.spec import Cell, sin

cell = Cell("Sensitive")
x = cell.input("x")
h = cell.state("h")
h_new = sin(8 * h) + cell.weight("W", h, x) @ x
cell.next(h=h_new)
cell.output(h_new)
'''


def test_a_cell_that_stretches_rounding_is_allowed_what_it_makes_of_it(tmp_path):
    file = tmp_path / "sensitive.py"
    file.write_text(SENSITIVE, encoding="utf-8")
    problem = Problem(BenchCell.found(str(file)), Shape(9, 4, 5, 6), "inference", "float32", 1)
    expected = problem.expected()
    nearly = problem.expected(moved(2.0**-24, 0))
    assert float(np.abs(nearly["output"] - expected["output"]).max()) > 1e-4
    assert disagreement("somebody", problem, nearly, expected) is None
    wrong = problem.expected(lambda value: 1.01 * value)
    fault = disagreement("somebody", problem, wrong, expected)
    assert fault.error > fault.at_most > 1e-3


def test_only_floats_move_and_by_no_more_than_rounding():
    move, values = moved(2.0**-24, 0), np.array([0.0, 1.0, -3.0, np.inf, -np.inf])
    found = move(values)
    assert (abs(found[1:3] / values[1:3] - 1) <= 2.0**-24).all()
    assert (found[1:3] != values[1:3]).all()
    assert np.array_equal(found[[0, 3, 4]], values[[0, 3, 4]])
    assert (whole := np.arange(3)) is move(whole)
