"""What a cell should take by the LSTM's rates: its work counted by hand, its time from a fake LSTM."""

from dataclasses import replace

import pytest

from rnncc.bench.contender import Contender
from rnncc.bench.cost import Work, Yardstick, work
from rnncc.bench.machine import Machine
from rnncc.bench.problem import BenchCell, Problem, Shape
from rnncc.bench.timing import Plan, Stopwatch

MACHINE = Machine(flops=1e9, memory=1e6, reading=(), elementwise=1e6, barrier=1e-3)
FEW, MANY = Shape(4, 1, 3, 5), Shape(4, 64, 3, 5)


def problem_of(cell="elman", shape=MANY, mode="inference", threads=1):
    return Problem(BenchCell.found(cell), shape, mode, "float32", threads)


def yardstick_of(call, whole):
    """A yardstick whose LSTM takes `call` seconds at T = 1, and `whole` elsewhere."""
    now = [0.0]

    def make(problem):
        def run():
            now[0] += call if problem.shape.steps == 1 else whole

        return Contender(run, lambda found: found)

    return Yardstick(make, MACHINE, Stopwatch(lambda: now[0], lambda _seconds: None), Plan(blocks=1, seconds=0.01, rest=0.0))


def test_work_of_elman():
    """Tanh 24 and two additions a unit; parameters, inputs, first states, outputs and last states."""
    found = work(problem_of())
    numbers = (15 + 25 + 5) + 4 * 64 * 3 + 64 * 5 + 4 * 64 * 5 + 64 * 5
    assert found == Work(4 * 64 * 2 * 5 * 8, 4 * 64 * 26 * 5, 4 * numbers, 0)


def test_work_in_training_holds_what_forward_leaves():
    """The gradient of x needs h_new once more (1 - h²): what is kept beside x and h is written and read."""
    found, once = work(problem_of(mode="training")), work(problem_of())
    assert (found.products, found.barriers) == (3 * once.products, 0)
    assert found.elementwise > once.elementwise
    assert found.data > 2 * once.data - 4 * 64 * 5


def test_threads_that_share_few_rows_meet_once_a_phase():
    assert work(problem_of(shape=FEW, threads=2)).barriers == 4
    assert work(problem_of("gru", FEW, threads=2)).barriers == 8
    assert work(problem_of("elman", FEW, "training", threads=2)).barriers == 4 + 2 * 4
    assert work(problem_of(shape=FEW, mode="stream", threads=2)).barriers == 0


def test_a_cell_with_the_lstms_work_should_take_its_time():
    lstm = BenchCell.found("lstm")
    twin = replace(problem_of(), cell=replace(lstm, name="twin"))
    assert yardstick_of(0.25, 9.0).expected(twin, 9.0) == pytest.approx(9.0)


def test_expected_is_the_sum_of_its_parts():
    problem, lstm = problem_of(), work(problem_of("lstm"))
    seconds = 0.25 + lstm.elementwise / 1e6 + lstm.data / 1e6 + 2.0
    mine = work(problem)
    expected = 0.25 + mine.elementwise / 1e6 + mine.data / 1e6 + 2.0 / 4
    assert yardstick_of(0.25, seconds).expected(problem, seconds) == pytest.approx(expected)
    few = problem_of("gru", FEW, threads=2)
    slow = yardstick_of(0.25, 0.25).expected(few, 0.0)
    peak = work(few).products / 1e9
    assert slow == pytest.approx(0.25 + peak + work(few).elementwise / 1e6 + work(few).data / 1e6 + 8e-3)


def test_the_lstm_is_not_measured_by_itself():
    assert yardstick_of(1.0, 1.0).call(problem_of("lstm")) is None
    assert yardstick_of(1.0, 1.0).call(problem_of()) is not None
