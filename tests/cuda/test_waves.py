"""Layers of a stack a segment of time behind each other: order, results, room for the blocks of all, and where it is chosen."""

from functools import partial

import numpy as np
import pytest

from rnncc.runtime.cuda import launch, waves
from rnncc.runtime.cuda.constants import DEPTH
from rnncc.runtime.cuda.launch import _alone_cycles, _cycles
from rnncc.runtime.cuda.plan import plan_loop
from rnncc.runtime.transforms import asked_for
from tests.cuda import simulated
from tests.cuda.device import MULTIPROCESSORS
from tests.cuda.layers import INPUTS, LENGTHS, H, check, drawn
from tests.cuda.ordered import watched
from tests.cuda.test_plan import CHIP, gates
from tests.emit.test_cpu_simulated import BATCH_MEANS

T, N, L, SEGMENTS = 7, 5, 3, 3
STEPS = [3, 3, 1]
"""Of the segments."""
WIDE = (3, 64)
"""I and H: blocks share the units."""


@pytest.fixture
def cut(monkeypatch):
    """Time in so many segments, wherever layers may run in waves."""
    monkeypatch.setattr(waves, "_known", {})
    asked = []
    monkeypatch.setattr(waves, "segments_of", lambda steps, layers, loops, chip: asked.append(loops) or SEGMENTS)
    return asked


def in_turn(monkeypatch):
    monkeypatch.setattr(waves, "_known", {})
    monkeypatch.setattr(waves, "segments_of", lambda *_: 1)


def rising():
    """Of each wave the number of each launch in it, and how many steps it has: the highest layer is last, with the first segment."""
    return [
        (place, STEPS[wave - layer])
        for wave in range(L + SEGMENTS - 1)
        for place, layer in enumerate(layer for layer in range(L) if 0 <= wave - layer < SEGMENTS)
    ]


def falling():
    """As `rising`, backward: the lowest layer is last, with the last segment."""
    return [
        (place, STEPS[SEGMENTS - 1 - (wave - below)])
        for wave in range(L + SEGMENTS - 1)
        for place, below in enumerate(below for below in range(L) if 0 <= wave - below < SEGMENTS)
    ]


def test_every_segment_comes_behind_what_it_reads(chip, layers, cut, monkeypatch):
    """Of each wave the first loop runs on the caller's stream, each further one on a stream of its own; else nothing does."""
    here, _ = layers("lstm", num_layers=L, dropout=0.5, residual=True, sizes=(H, H))
    x, dy = chip.asarray(drawn(T, N, H)), chip.asarray(drawn(T, N, H, seed=1))
    order = watched(monkeypatch, launch)
    with chip.cuda.ExternalStream(7):
        here(x)
        _, pull = here.vjp(x)
        pull(dy)
    streams = list(dict.fromkeys(one.stream for one in order.launches))
    assert (streams[0], len(streams)) == (7, L)
    assert [(streams.index(one.stream), one.steps) for one in order.launches] == rising() * 2 + falling()
    order.expect_alone(7)


@pytest.mark.parametrize(
    ("cell", "transforms", "settings"),
    [
        ("lstm", {}, {"num_layers": 2}),
        ("lstm", {"zoneout": 0.3, "recurrent_dropout": 0.2, "learn_initial": True}, {"dropout": 0.5, "residual": True}),
        ("sru", {}, {"dropout": 0.5}),  # no product in the loop
        ("mingru", {}, {}),  # in chunks of time
        ("gru_d", {}, {}),  # two loops, and inputs that all layers read
        ("lstm_attention", {}, {}),
    ],
    ids=str,
)
def test_results(chip, layers, cut, monkeypatch, cell, transforms, settings):
    """Against the interpreter, and with layers in turn: products of whole segments and sums are added up in another order."""
    asked = asked_for(transforms)
    both = layers(cell, asked.structure, **{"num_layers": L, "sizes": (H, H)} | asked.keywords | settings)
    cell_info = both[0].cell
    x = {name: np.abs(drawn(T, N, *both[0]._store.geometry.shape(axes), seed=5 + k)) for k, (name, axes) in enumerate(cell_info.inputs)}
    x |= {m.name: drawn(N, 4, both[0]._store.geometry.shape((m.size,))[0]) for m in cell_info.memories}
    state = {s.name: drawn(both[0].num_layers, N, *both[0]._store.geometry.shape(s.axes), seed=2) for s in cell_info.states}
    check(chip, both, x, key=7)
    check(chip, both, x, state=state, train=False)
    assert len(set(simulated.streams)) == both[0].num_layers
    assert len(cut) == 2  # once for a call, once for a gradient


def test_as_with_layers_in_turn(chip, layers, cut, monkeypatch):
    """The same random masks, and values that are off by rounding alone."""
    here, _ = layers("lstm", num_layers=L, dropout=0.5)
    x = chip.asarray(drawn(T, N, INPUTS))

    def results():
        y, state = here(x)
        (trained, last), pull = here.vjp(x, key=3)
        g = pull(trained, last)
        return [y, *state.values(), trained, *last.values(), g.x, *g.state.values(), *g.params.values()]

    found = results()
    in_turn(monkeypatch)
    simulated.streams.clear()
    expected = results()
    assert set(simulated.streams) == {0}
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.get(), other.get(), rtol=0, atol=1e-12 * max(1, np.abs(other.get()).max()))


def test_a_pullback_holds_what_it_did(chip, layers, cut, monkeypatch):
    """But for states between segments: where trajectories of h and c end, with units in whole chunks, and what goes on from there."""
    here, _ = layers("lstm", num_layers=L)
    x = chip.asarray(drawn(T, N, INPUTS))
    kept = here.vjp(x)[1].nbytes
    in_turn(monkeypatch)
    between = 2 * 8 * N * DEPTH + 2 * 2 * 8 * N * H
    assert kept - here.vjp(x)[1].nbytes == (SEGMENTS - 1) * L * between


@pytest.mark.parametrize(
    ("cell", "transforms", "settings", "given"),
    [
        ("lstm", {}, {"bidirectional": True}, {}),
        ("lstm", {}, {}, {"lengths": LENGTHS}),
        ("lstm", {}, {"checkpoint": 2}, {}),
        ("lstm", {}, {"truncate": 2}, {}),
        (str(BATCH_MEANS), {}, {}, {}),
        ("unicornn", {"reversible": True}, {}, {}),
        ("lstm", {}, {"num_layers": 1}, {}),
    ],
    ids=str,
)
def test_what_is_never_cut(chip, layers, cut, cell, transforms, settings, given):
    """By gradients; inference knows of lengths and directions alone."""
    asked = asked_for(transforms)
    here, _ = layers(cell, asked.structure, **{"num_layers": 2} | asked.keywords | settings)
    x = {name: chip.asarray(drawn(T, N, *here._store.geometry.shape(axes))) for name, axes in here.cell.inputs}
    here.vjp(x, **given)[1](None)
    assert not cut
    assert set(simulated.streams) == {0} or settings == {"bidirectional": True}
    here(x, **given)
    assert bool(cut) == (settings.keys() <= {"checkpoint", "truncate"} and not given)


def test_one_step_and_no_rows(chip, layers, cut):
    here, there = layers("lstm", num_layers=L)
    for steps, rows in ((1, N), (0, N), (T, 0)):
        x = drawn(steps, rows, INPUTS)
        assert here(chip.asarray(x))[0].shape == there(x)[0].shape
    assert cut == [()]  # nobody is asked but for rows, of which there are none


def test_blocks_of_all_layers_run_at_once(chip, machine, layers, cut):
    """Blocks keep their multiprocessor while they wait for each other."""
    both = layers("lstm", sizes=WIDE, num_layers=L)
    check(chip, both, drawn(T, N, WIDE[0]))
    sizes = [len(group) for group in machine]
    assert sizes == [2, 3, 2] * 5  # a call, a forward pass, three backward passes; waves of one layer are in no group
    assert all(grid.together for group in machine for grid in group)
    assert all(sum(grid.blocks for grid in group) <= MULTIPROCESSORS for group in machine)


def test_more_layers_than_multiprocessors(chip, machine, layers, cut, monkeypatch):
    """Where a share has no room for blocks that meet, none waits for another."""
    layers_, steps = MULTIPROCESSORS + 1, MULTIPROCESSORS + 2
    monkeypatch.setattr(waves, "segments_of", lambda *_: steps)
    check(chip, layers("lstm", sizes=WIDE, num_layers=layers_), drawn(steps, 2, WIDE[0]))
    assert max(map(len, machine)) == layers_
    assert not any(grid.together for group in machine if len(group) == layers_ for grid in group)


def test_who_is_asked_and_when(chip, layers, monkeypatch):
    """A shape once; no loop is launched for that, and nothing is copied to the device where a graph is taken down later."""
    monkeypatch.setattr(waves, "_known", {})
    asked = []
    noted = waves.noted

    def told(work):
        before = len(simulated.launched)
        asked.append(noted(work))
        assert len(simulated.launched) == before
        return asked[-1]

    monkeypatch.setattr(waves, "noted", told)
    here, _ = layers("lstm", num_layers=2)
    x = chip.asarray(drawn(T, N, INPUTS))
    for _ in range(2):
        here(x)
        here.vjp(x)[1](None)
    assert list(map(len, asked)) == [1, 2]
    here(chip.asarray(drawn(T, N + 1, INPUTS)))
    layers("lstm", num_layers=2, sizes=(INPUTS, 2 * H))[0](x)
    layers("lstm", num_layers=3)[0](x)
    assert len(asked) == 5


def products(batch, hidden, dtype="float32"):
    """What the loop of an LSTM takes."""
    return partial(_cycles, partial(plan_loop, batch, "float32", 4, gates(hidden, dtype)))


@pytest.mark.parametrize(
    ("steps", "layers", "loops", "expected"),
    [
        (1000, 4, [products(16, 256)], 4),
        (1000, 8, [products(16, 256, "uint16")], 4),
        (1000, 2, [products(16, 256)], 4),
        (1000, 4, [products(1, 512)], 2),  # a third of the chip has no room for the weights, half has
        (1000, 4, [products(16, 256), products(16, 256)], 4),
        (1000, 4, [products(128, 1024)], 1),  # one layer has all of the chip to do
        (1000, 4, [products(16, 2048)], 1),
        (100, 4, [products(16, 256)], 1),  # sooner done than called
        (10_000, 4, [products(16, 256)], 14),
        (1000, 1, [products(16, 256)], 1),
        (1, 4, [products(16, 256)], 1),
        (10_000, 4, [partial(_alone_cycles, 16 * 256)], 6),  # no product in the loop
        (10_000, 4, [partial(_alone_cycles, 1_000_000)], 1),  # units of one layer are as many as run at once
        (1000, 4, [], 1),
    ],
)
def test_where_layers_run_in_waves(steps, layers, loops, expected):
    assert waves.segments_of(steps, layers, loops, CHIP) == expected


@pytest.mark.parametrize("steps", [1, 2, 7, 64, 100, 1001])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 64])
def test_segments_are_all_of_time(steps, count):
    segments = waves.cut_evenly(steps, min(count, steps))
    assert [t for first, last in segments for t in range(first, last)] == list(range(steps))
    assert len(segments) <= count
    assert waves.cut_evenly(steps, len(segments)) == segments  # a pullback knows how many there are
