"""Calls whose time loops run at once: order, streams, and room for the blocks of all."""

import itertools
from functools import partial

import numpy as np
import pytest

from rnncc.runtime.cuda.apart import Loop, apart
from rnncc.runtime.cuda.apart import launch as launch_loop
from tests.cuda import simulated
from tests.cuda.device import MULTIPROCESSORS, Stream
from tests.cuda.layers import LENGTHS, N, T, check, drawn

WIDE = (3, 64)
"""I and H: blocks share the units."""


@pytest.fixture
def told(cupy, monkeypatch):
    """What is done in which order, streams by number."""
    told = []
    for name in ("record", "wait_event"):
        do = getattr(Stream, name)
        monkeypatch.setattr(Stream, name, lambda self, event, name=name, do=do: (told.append(f"{name} {self.ptr}"), do(self, event))[1])
    return told


def direction(library, told, name, loops=1, sooner=True):
    """What one call does; gives its name."""

    def prepare(chip):
        told.append(f"{name} prepares {chip.multiprocessors}")
        return lambda: told.append(f"{name} runs on {library.cuda.get_current_stream().ptr}")

    def cycles(steps, chip):
        return steps * (1 if sooner or chip.multiprocessors == MULTIPROCESSORS else 1000)

    told.append(f"{name} begins")
    for _ in range(loops):
        launch_loop(library, Loop(5, cycles, prepare))
    told.append(f"{name} ends")
    return name


def several(library, told, *settings):
    return apart([partial(direction, library, told, name, **s) for name, s in zip("abcd", settings, strict=False)])


def test_loops_side_by_side(cupy, told):
    """What comes before and after the loops stays on the caller's stream, which the other is forked from and joined to."""
    with Stream(7):
        for _ in range(2):
            assert several(cupy, told, {}, {}) == ["a", "b"]
    forked = next(int(line.split()[1]) for line in told if line.startswith("wait_event"))
    one = [
        "a begins", "a prepares 3", "b begins", "b prepares 3",
        "record 7", f"wait_event {forked}", "a runs on 7", f"b runs on {forked}", f"record {forked}", "wait_event 7",
        "b ends", "a ends",
    ]  # fmt: skip
    assert told == one * 2
    with Stream(8):
        several(cupy, told, {}, {})
    assert f"wait_event {forked}" not in told[len(one) * 2 :]


def test_three_loops_side_by_side(cupy, told):
    """Each on a stream of its own, which waits for the caller's, and for which that waits."""
    with Stream(7):
        assert several(cupy, told, {}, {}, {}) == ["a", "b", "c"]
    _, second, third = (int(line.split()[-1]) for line in told if "runs" in line)
    assert len({7, second, third}) == 3
    assert told == [
        "a begins", "a prepares 2", "b begins", "b prepares 2", "c begins", "c prepares 2",
        "record 7", f"wait_event {second}", f"wait_event {third}",
        "a runs on 7", f"b runs on {second}", f"c runs on {third}",
        f"record {second}", "wait_event 7", f"record {third}", "wait_event 7",
        "c ends", "b ends", "a ends",
    ]  # fmt: skip


def test_one_after_the_other_where_that_is_sooner(cupy, told):
    assert several(cupy, told, {"sooner": False}, {"sooner": False}) == ["a", "b"]
    assert told == [f"{name} {what}" for name in "ab" for what in ("begins", f"prepares {MULTIPROCESSORS}", "runs on 0", "ends")]


def test_one_call_has_the_whole_device(cupy, told):
    assert several(cupy, told, {}) == ["a"]
    assert told == ["a begins", f"a prepares {MULTIPROCESSORS}", "a runs on 0", "a ends"]


@pytest.mark.parametrize(("one", "other"), [(3, 2), (1, 3), (1, 0), (0, 1), (0, 0)])
def test_every_loop_runs_once(cupy, told, one, other):
    """Only the first ones run side by side; every other has the whole device."""
    assert several(cupy, told, {"loops": one}, {"loops": other}) == ["a", "b"]
    runs = [line for line in told if "runs" in line]
    assert (sum(r.startswith("a") for r in runs), sum(r.startswith("b") for r in runs)) == (one, other)
    assert sum("record" in line for line in told) == (2 if one and other else 0)
    whole = sum(line.endswith(f"prepares {MULTIPROCESSORS}") for line in told)
    assert whole == one + other - (2 if one and other else one)  # the first cannot know that the other has none
    assert [line for line in told if line.endswith(("begins", "ends"))].count("b begins") == 1


@pytest.mark.parametrize("loops", list(itertools.product(range(3), repeat=3)))
@pytest.mark.parametrize("unwilling", [None, 0, 1, 2])
def test_every_loop_of_three_calls_runs_once(cupy, told, loops, unwilling):
    """In the order of each call, whichever have no loop, or one that is sooner done alone."""
    assert several(cupy, told, *({"loops": n, "sooner": k != unwilling} for k, n in enumerate(loops))) == ["a", "b", "c"]
    for name, count in zip("abc", loops, strict=True):
        assert [line.split()[1] for line in told if line.startswith(name)] == ["begins", *["prepares", "runs"] * count, "ends"]


def test_what_fails_leaves_nothing_behind(cupy, told):
    def fail():
        raise RuntimeError("no room")

    with pytest.raises(RuntimeError, match="no room"):
        apart([partial(direction, cupy, told, "a"), fail])
    assert direction(cupy, told, "c") == "c"
    assert told[-3:] == [f"c prepares {MULTIPROCESSORS}", "c runs on 0", "c ends"]


def test_blocks_of_both_directions_run_at_once(chip, machine, layers):
    """Blocks keep their multiprocessor while they wait for each other."""
    check(chip, layers("lstm", sizes=WIDE, bidirectional=True), drawn(T, N, WIDE[0]), lengths=LENGTHS)
    assert len(machine) == 5  # a call, a forward pass, three backward passes
    assert all(len(pair) == 2 and all(grid.together for grid in pair) for pair in machine)
    assert all(sum(grid.blocks for grid in pair) <= MULTIPROCESSORS for pair in machine)


def test_with_segments_and_layers(chip, machine, layers):
    """Of several segments the first of each direction run at once."""
    both = layers("lstm", sizes=WIDE, bidirectional=True, num_layers=2)
    check(chip, both, drawn(T, N, WIDE[0]), checkpoint=2)
    assert all(len(pair) == 2 for pair in machine)


def test_cells_without_a_product(chip, machine, layers):
    check(chip, layers("indrnn", bidirectional=True), drawn(T, N, 3), lengths=LENGTHS)
    assert machine
    assert not any(grid.together for pair in machine for grid in pair)


def test_the_same_bits_as_in_turn(chip, layers, monkeypatch):
    here, _ = layers("lstm", sizes=WIDE, bidirectional=True, dtype="float32")
    x = chip.asarray(drawn(T, N, WIDE[0]).astype(np.float32))
    found = here(x)[0].get()
    assert len(set(simulated.streams)) == 2
    monkeypatch.setattr(type(here).stack, "_each", lambda _self, works: [work() for work in works])
    simulated.streams.clear()
    np.testing.assert_array_equal(here(x)[0].get(), found)
    assert set(simulated.streams) == {0}
