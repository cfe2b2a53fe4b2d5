"""The memory tasks: what is asked for follows from what is read, and a short one is learned."""

from types import ModuleType

import numpy as np
import pytest

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
