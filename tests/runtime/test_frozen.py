"""Parameters of a call: the same object as long as nothing is written, whoever has a view."""

import threading

import numpy as np
import pytest

from rnncc.runtime import frozen
from rnncc.runtime.cell_info import CellInfo, Parameter, State
from rnncc.runtime.frozen import PANELS, Frozen, Panels, fixed, held
from rnncc.runtime.geometry import Geometry
from rnncc.runtime.parameters import ParameterStore

CELL = CellInfo(
    name="Own",
    doc="",
    inputs=(("x", ("input",)),),
    states=(State("h", ("hidden",)),),
    parameters=(Parameter("W", ("hidden", "input")), Parameter("b", ("hidden",), bias=True)),
    output=("hidden",),
)


def store(bias=True, dtype="float32"):
    return ParameterStore.drawn(Geometry(CELL, 3, 5, 2, 1), bias, np.dtype(dtype), np.random.default_rng(0))


@pytest.mark.parametrize("bias", [True, False])
def test_unchanged_is_the_same_object(bias):
    made = store(bias)
    first = made.now()
    assert all(a is b for a, b in zip(first, made.now(), strict=True))
    assert {*first[0]} == {"W", "b", PANELS}
    np.testing.assert_array_equal(first[1]["W"], made.named["l1.W"])
    assert first[0]["b"].any() == bias


def test_a_place_that_is_written_changes_alone():
    made = store()
    before = made.now()
    kept = before[1]["W"].copy()
    made.named["l1.W"][2, 1] += 1
    after = made.now()
    assert after[0] is before[0]
    assert after[1] is not before[1]
    assert not after[1][PANELS].made
    np.testing.assert_array_equal(before[1]["W"], kept)
    np.testing.assert_array_equal(after[1]["W"], made.named["l1.W"])


@pytest.mark.parametrize(
    "taken", [lambda v: v, lambda v: v.T[1:], lambda v: v.base, memoryview], ids=["itself", "part", "base", "buffer"]
)
def test_whoever_keeps_a_view_may_write_later(taken):
    made = store()
    view = taken(made.named["l0.W"])
    for k in range(1, 4):
        before = made.now()
        assert made.now()[0] is before[0]
        np.asarray(view)[...] = k
        after = made.now()
        assert after[0] is not before[0]
        assert (after[0]["W"] == k).any()


def test_bytes_are_compared_only_while_somebody_has_a_view(monkeypatch):
    compared = []
    holds = Frozen.holds
    monkeypatch.setattr(Frozen, "holds", lambda self, master: compared.append(1) or holds(self, master))
    made = store()
    made.now()
    made.now()
    assert not compared
    view = made.named["l0.W"]
    made.now()
    made.now()
    assert len(compared) == 3  # both places once after they were shown, and again the one that is held
    del view
    made.now()
    made.now()
    assert len(compared) == 4  # what was held may have been written before it was let go


def test_settled_parameters_are_one_object_until_one_is_written():
    made = store()
    first = made.settled()
    assert made.settled() is first
    assert all(a is b for a, b in zip(first, made.frozen(), strict=True))
    view = made.named["l1.W"]
    assert made.settled() is first
    view[...] = 2
    after = made.settled()
    assert after is made.settled()
    assert after[0] is first[0]
    assert (after[1].env["W"] == 2).all()
    view[...] = 3
    del view
    assert (made.settled()[1].env["W"] == 3).all()


def test_settled_parameters_are_those_that_another_has_taken_since():
    """Written through a view that is gone, and copied by `now`, which has forgotten that there was one."""
    made = store()
    made.settled()
    made.named["l0.W"][...] = 2
    made.now()
    assert (made.settled()[0].env["W"] == 2).all()


@pytest.mark.parametrize("kept", [True, False], ids=["a view is held", "no view is held"])
def test_callers_at_once_all_see_what_was_written(monkeypatch, kept):
    """While one compares bytes another asks: it must not take parameters for unchanged because the first one looks into it."""
    made = store()
    made.settled()
    view = made.named["l0.W"]
    made.settled()
    view[...] = 2
    if not kept:
        del view
    found, real = [], Frozen.holds

    def holds(self, master):
        if not found:
            found.append(None)
            found.append(made.settled()[0].env["W"])
        return real(self, master)

    monkeypatch.setattr(Frozen, "holds", holds)
    found.append(made.settled()[0].env["W"])
    assert all((array == 2).all() for array in found[1:])
    assert len(found) == 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [0, 1, 7, 100])
def test_every_byte_is_compared(monkeypatch, dtype, size):
    monkeypatch.setattr(frozen, "_BLOCK", 4)
    master = np.full(size, np.nan, dtype)
    kept = Frozen(master.copy(), {})
    assert kept.holds(master)
    for k in range(size):
        other = master.copy()
        other.view(np.uint8)[(k + 1) * other.itemsize - 1] ^= 0x80  # another sign of NaN
        assert not kept.holds(other)
    assert not Frozen(np.zeros(3), {}).holds(np.array([0.0, -0.0, 0.0]))


def test_a_panel_is_made_once():
    panels, made = Panels(), []

    def make():
        made.append(np.zeros(3))
        return made[-1]

    assert panels.get((("W",),), make) is panels.get((("W",),), make)
    assert panels.get((("W.T",),), make) is not made[0]
    assert len(made) == 2


def test_callers_at_once_get_one_panel():
    panels, found = Panels(), []
    start = threading.Barrier(8)

    def ask():
        start.wait()
        found.append(panels.get((("W",),), lambda: np.zeros(3)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len({id(f) for f in found}) == 1


def test_computed_weights_are_kept_for_the_same_parameters_and_constants():
    made, calls = store(), []

    def weights(env):
        calls.append(env["gamma"])
        return {"M": env["W"] - env["gamma"]}

    def called(gamma):
        return fixed({**made.now()[0], "gamma": gamma}, weights, "gamma")

    first = called(0.5)
    assert called(0.5)["M"] is first["M"]
    assert called(0.5)[PANELS] is first[PANELS]
    np.testing.assert_array_equal(first["M"], first["W"] - 0.5)
    other = called(0.25)
    assert other["M"] is not first["M"]
    assert other[PANELS] is not first[PANELS]
    made.named["l0.W"][...] = 3
    assert (called(0.25)["M"] == 2.75).all()
    assert calls == [0.5, 0.25, 0.25]
    assert any(array is called(0.25)["M"] for array in held(made.now()[0]))


def test_computed_weights_are_made_anew_where_nothing_is_kept():
    assert fixed({"W": 2}, lambda env: {"M": -env["W"]}) == {"W": 2, "M": -2}
