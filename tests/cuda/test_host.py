"""The vocabulary on arrays of a device."""

import sys
from types import ModuleType

import numpy as np
import pytest

from rnncc.functions import VOCABULARY
from rnncc.runtime import host as on_cpu
from rnncc.runtime.cuda import host
from rnncc.runtime.cuda.gather import columns, gathered, scattered
from rnncc.runtime.frozen import PANELS, Panels
from rnncc.runtime.gather import scattered as scattered_on_cpu
from rnncc.runtime.sweep import Sweep
from tests.cuda import words
from tests.cuda.device import on_device

POINTS = np.array([-800.0, -2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.5, 800.0], np.float32)


@pytest.fixture
def special(cupy, monkeypatch):
    """Where CuPy has the error function."""
    module = ModuleType("cupyx.scipy.special")
    module.erf = on_device(on_cpu.erf)
    monkeypatch.setitem(sys.modules, "cupyx.scipy.special", module)
    return cupy


def test_every_function_has_its_meaning_here():
    assert {*host.__all__} == {*on_cpu.__all__, "full"}


@pytest.mark.parametrize("name", VOCABULARY)
def test_values_and_dtypes(special, name):
    (count,) = VOCABULARY[name].nargs
    given = [g.ravel() for g in np.meshgrid(*[POINTS] * count)]
    with np.errstate(all="ignore"):
        expected = getattr(on_cpu, name)(*given)
        found = getattr(host, name)(*map(special.asarray, given))
        number = getattr(host, name)(*(float(g[3]) for g in given))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(words.host(found), expected)
    assert np.ndim(number) == 0


def test_new_arrays(library):
    like = library.asarray(np.zeros(2, np.float32))
    for found, expected in [
        (host.iota(1, like, 2, 3), [[0, 1, 2], [0, 1, 2]]),
        (host.iota(0, like, 2, 3), [[0, 0, 0], [1, 1, 1]]),
        (host.full(like, (2, 3), 1.5), np.full((2, 3), 1.5)),
        (host.full(like, (2,), library.asarray(np.float32(2.5))), [2.5, 2.5]),
    ]:
        assert (type(found), found.dtype) == (library.ndarray, np.float32)
        np.testing.assert_array_equal(words.host(found), expected)


@pytest.mark.parametrize("lengths", [None, words.LENGTHS])
def test_columns_are_picked_and_summed_into(chip, lengths):
    rng = np.random.default_rng(0)
    sweep, plain = (Sweep(words.STEPS, words.ROWS, lengths, library=a) for a in (chip, np))
    matrix, index = rng.normal(size=(5, 7)), rng.integers(0, 7, (words.STEPS, words.ROWS))
    index[sweep.dead()] = 99
    env = {"E": chip.asarray(matrix), PANELS: Panels()}
    table = columns(env, "E")
    assert columns(env, "E") is table
    found = words.host(gathered(sweep, table, chip.asarray(index)))
    live = ~sweep.dead()
    np.testing.assert_array_equal(found[live][:, :5], matrix.T[index[live]])

    stream = words.spoilt(sweep, rng.normal(size=(words.STEPS, words.ROWS, 5)))
    expected = scattered_on_cpu(plain, stream, 5, index, 7)
    once = scattered(sweep, chip.asarray(stream), 5, chip.asarray(index), 7)
    np.testing.assert_allclose(words.host(once), expected, rtol=0, atol=1e-13)
    twice = scattered(sweep, chip.asarray(stream), 5, chip.asarray(index), 7, so_far=once)
    np.testing.assert_allclose(words.host(twice), 2 * expected, rtol=0, atol=1e-13)
