"""The memory tasks: what is asked for follows from what is read, and a short one is learned."""

from types import ModuleType

import numpy as np
import pytest

from rnncc.compiler import compile_cell
from tests.examples.imported import imported


@pytest.fixture(scope="module")
def tasks() -> ModuleType:
    yield from imported("tasks")


def test_the_sum_is_that_of_one_marked_number_in_either_half(tasks: ModuleType) -> None:
    b = tasks.adding(21, 50, np.random.default_rng(0))
    assert b.x.shape == (21, 50, 2)
    assert (b.x[:10, :, 1].sum(0) == 1).all()
    assert (b.x[10:, :, 1].sum(0) == 1).all()
    marked = [row[:, 0][row[:, 1] == 1].sum() for row in b.x.swapaxes(0, 1)]
    np.testing.assert_allclose(b.target, np.reshape(marked, (1, 50, 1)), rtol=1e-6)


def test_letters_come_blanks_follow_a_signal_asks(tasks: ModuleType) -> None:
    b = tasks.copying(5, 3, np.random.default_rng(0))
    read = b.x.argmax(-1)
    assert (b.x.sum(-1) == 1).all()
    np.testing.assert_array_equal(read[:10], b.target)
    assert (read[10:14] == tasks.BLANK).all()
    assert (read[14] == tasks.SIGNAL).all()
    assert (read[15:] == tasks.BLANK).all()
    assert len(read) == 25


@pytest.mark.parametrize(("name", "length", "share"), [("adding", 4, 0.5), ("copy", 2, 0.9)])
def test_a_short_one_is_learned(tasks: ModuleType, name: str, length: int, share: float) -> None:
    task, random = tasks.TASKS[name], np.random.default_rng(0)
    model = tasks.Model(task, "gru", 48, 1)
    test = task.draw(length, 200, np.random.default_rng(1))
    assert model.score(test) > 0.95 * task.guessing
    optimiser = tasks.Adam(model.params, 0.02)
    for _ in range(150):
        optimiser.step(model.gradients(task.draw(length, 32, random))[1])
    assert model.score(test) < share * task.guessing


def test_first_values_are_numbers_or_logarithms_of_times(tasks: ModuleType) -> None:
    params = {"l0.b_f": np.zeros(3), "l0.b_i": np.zeros(3), "l0.nu": np.zeros(3), "l0.W": np.zeros((3, 2))}
    given = tasks.arguments().parse_args(["copy", *["--initial", "b_f=chrono", "--initial", "b_i=-chrono", "--initial", "nu=-6"]])
    tasks.begin(params, given.initial, np.array([1, 2, 100]))
    np.testing.assert_allclose(params["l0.b_f"], np.log([1, 2, 100]))
    np.testing.assert_array_equal(params["l0.b_i"], -params["l0.b_f"])
    assert (params["l0.nu"] == -6).all()
    with pytest.raises(SystemExit, match="no such parameter; there are b_f, b_i, nu, W"):
        tasks.begin(params, [("b_q", "chrono")], np.ones(3))
    with pytest.raises(SystemExit, match=r"W has the shape \(3, 2\), expected one number a unit"):
        tasks.begin(params, [("W", "chrono")], np.ones(3))


def test_a_first_value_that_is_none_is_told(tasks: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        tasks.arguments().parse_args(["copy", "--initial", "b_f=chron"])
    assert "'b_f=chron': expected NAME=NUMBER, NAME=chrono or NAME=-chrono" in capsys.readouterr().err


def test_a_result_says_how_it_was_made(tasks: ModuleType) -> None:
    parser = tasks.arguments()
    options = ["--steps", "7", "--initial", "b_z=-chrono", "--initial", "b_r=1"]
    given = parser.parse_args(["copy", "--length", "9", "--cell", "gru", "--seed", "1", *options])
    assert tasks.unusual(parser, given, tasks.SHOWN) == " ".join(options)


@pytest.mark.parametrize(
    ("cell", "shapes"),
    [
        ("phased_lstm", {"x": (5, 3, 2), "t": (5, 3)}),
        ("gru_d", {"x": (5, 3, 2), "m": (5, 3, 2), "delta": (5, 3, 2)}),
        ("augru", {"x": (5, 3, 2), "a": (5, 3)}),
    ],
)
def test_what_a_cell_reads_besides(tasks: ModuleType, cell: str, shapes: dict[str, tuple[int, ...]]) -> None:
    """Steps a time unit apart, of which nothing is missing; the names and axes are the spec's."""
    x = np.zeros((5, 3, 2), np.float32)
    read = tasks.completed(compile_cell(cell).info, x)
    assert {name: array.shape for name, array in read.items()} == shapes
    for name, array in read.items():
        assert array.dtype == np.float32
        if name == "t":
            np.testing.assert_array_equal(array[:, 1], range(5))
        elif name != "x":
            assert (array == 1).all()


def test_a_cell_that_attends_has_the_whole_sequence_as_its_memory(tasks: ModuleType) -> None:
    """Rows as wide as a step, those to come too: what the first output reads depends on the last step."""
    model = tasks.Model(tasks.TASKS["adding"], "lstm_attention", 4, 1)
    x = np.random.default_rng(0).random((5, 3, 2), np.float32)
    read = tasks.completed(model.rnn.cell, x)
    np.testing.assert_array_equal(read["m"], x.swapaxes(0, 1))
    assert read["x"] is x
    changed = x.copy()
    changed[4] += 1
    first, other = (model.rnn(tasks.completed(model.rnn.cell, given))[0][0] for given in (x, changed))
    assert (first != other).any()


def test_one_input_stays_alone(tasks: ModuleType) -> None:
    x = np.zeros((5, 3, 2), np.float32)
    assert tasks.completed(compile_cell("lstm").info, x) is x
