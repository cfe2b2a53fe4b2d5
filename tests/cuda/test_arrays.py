"""Arrays of a device beside those of the processor: the same numbers, padded with zeros."""

import numpy as np
import pytest

from rnncc.runtime import arrays as on_cpu
from rnncc.runtime.cuda import arrays
from rnncc.runtime.cuda.constants import DEPTH
from rnncc.runtime.frozen import PANELS, Panels
from rnncc.runtime.sweep import Sweep
from tests.cuda.words import ROWS, STEPS, host, spoilt, sweeps

UNITS = [(), (1,), (5,), (DEPTH,), (3, 13)]
FLOAT32 = np.dtype(np.float32)


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def tail(array, units):
    """What was added behind the units."""
    return host(array)[..., units[-1] :]


@pytest.mark.parametrize("units", [1, 5, DEPTH, 2 * DEPTH + 3])
def test_padded(library, units):
    given = drawn(3, units)
    wide = arrays.padded(library.asarray(given))
    assert wide.shape == (3, arrays.whole_chunks(units))
    assert wide.shape[-1] % DEPTH == 0
    np.testing.assert_array_equal(host(wide)[:, :units], given)
    assert not tail(wide, (units,)).any()
    assert arrays.padded(wide) is wide or np.shares_memory(host(arrays.padded(wide)), host(wide)) or library is not np


def test_padded_makes_contiguous(library):
    turned = arrays.padded(library.asarray(drawn(DEPTH, 3)).T)
    assert turned.flags.c_contiguous


@pytest.mark.parametrize("units", UNITS)
def test_new_arrays_are_zero_where_they_are_padded(library, units):
    sweep = Sweep(STEPS, ROWS, library=library)
    inside = (*units[:-1], arrays.whole_chunks(units[-1])) if units else ()
    stream, rows = arrays.new_stream(sweep, FLOAT32, *units), arrays.new_rows(sweep, FLOAT32, *units)
    assert (stream.shape, rows.shape, stream.dtype) == ((STEPS, ROWS, *inside), (ROWS, *inside), FLOAT32)
    assert type(stream) is library.ndarray
    if units:
        assert not tail(stream, units).any()
        assert not tail(rows, units).any()


@pytest.mark.parametrize("units", UNITS)
def test_rows_from_is_a_copy(library, units):
    given = library.asarray(drawn(ROWS, *units))
    made = arrays.rows_from(Sweep(1, ROWS, library=library), given)
    own = made[..., : units[-1]] if units else made
    np.testing.assert_array_equal(host(own), host(given))
    own[...] = 7
    assert not (host(given) == 7).any()


@pytest.mark.parametrize("against", [False, True])
@pytest.mark.parametrize("units", UNITS)
def test_a_shifted_carry_and_its_end(library, units, against):
    stream, init = drawn(STEPS, ROWS, *units), drawn(ROWS, *units, seed=1)
    for sweep in sweeps(library):
        plain = Sweep(STEPS, ROWS, sweep.lengths)
        made = arrays.shifted(sweep, library.asarray(spoilt(sweep, stream)), library.asarray(init), against)
        expected = on_cpu.shifted(plain, stream, init, against)
        last = units[-1] if units else None
        for find in (on_cpu.preceding, on_cpu.following):
            ours, theirs = host(find(made, against)), find(expected, against)
            live = ~plain.dead()
            np.testing.assert_array_equal(ours[live][..., :last], theirs[live][..., :last])
        np.testing.assert_array_equal(host(arrays.final(sweep, made, last, against)), on_cpu.final(plain, expected, last, against))
        if units:
            assert not tail(made, units).any()


@pytest.mark.parametrize("against", [False, True])
def test_a_trajectory_begins_where_each_sequence_does(library, against):
    init = drawn(ROWS, 5)
    for sweep in sweeps(library):
        made = host(arrays.trajectory(sweep, library.asarray(init), against))
        ends = [0] * ROWS if not against else [STEPS] * ROWS if sweep.lengths is None else sweep.lengths
        np.testing.assert_array_equal(made[ends, range(ROWS), :5], init)


@pytest.mark.parametrize("leave", [arrays.result, arrays.released])
@pytest.mark.parametrize("units", UNITS)
def test_results_are_zero_past_the_end(library, units, leave):
    stream = drawn(STEPS, ROWS, *units)
    for sweep in sweeps(library):
        given = arrays.padded(library.asarray(spoilt(sweep, stream))) if units else library.asarray(spoilt(sweep, stream))
        found = leave(sweep, given, *units)
        np.testing.assert_array_equal(host(found), np.where(_over(sweep.dead(), units), 0, stream))
        assert type(found) is library.ndarray


def test_a_result_is_a_new_array(library):
    stream = library.asarray(drawn(STEPS, ROWS, DEPTH))
    sweep = Sweep(STEPS, ROWS, library=library)
    found = arrays.result(sweep, stream, DEPTH)
    found[...] = 7
    assert not (host(stream) == 7).any()
    assert arrays.released(sweep, stream, DEPTH) is stream


def _over(dead, units):
    return dead.reshape(*dead.shape, *(1 for _ in units))


@pytest.mark.parametrize("against", [False, True])
def test_trajectories_side_by_side(library, against):
    for sweep in sweeps(library):
        inits = [library.asarray(drawn(ROWS, 5, seed=1)), None, library.asarray(drawn(ROWS, 5, seed=2))]
        made = arrays.trajectories(sweep, inits, against)
        assert made.shape == (STEPS + 1, ROWS, 3, arrays.whole_chunks(5))
        assert not tail(made, (5,)).any()
        for part, init in enumerate(inits):
            if init is not None:
                first = host(arrays.final(sweep, made[:, :, part], 5, not against))
                np.testing.assert_array_equal(first, host(init))


@pytest.mark.parametrize(("settings", "dtype"), [({}, "float32"), ({"bfloat16": True}, "uint16")])
def test_residuals_are_half_as_wide_where_weights_are(library, settings, dtype):
    sweep = Sweep(STEPS, ROWS, library=library)
    for env in ({PANELS: Panels(**settings)}, {} if not settings else {PANELS: Panels(**settings)}):
        made = arrays.new_residual(sweep, env, FLOAT32, 5)
        assert (made.dtype.name, made.shape) == (dtype, (STEPS, ROWS, arrays.whole_chunks(5)))
