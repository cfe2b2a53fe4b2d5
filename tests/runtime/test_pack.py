"""Packed weights: every number at its place, zeros beyond."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncc.runtime.frozen import PANELS, Panels
from rnncc.runtime.pack import group_blocks, pack, packed
from rnncc.runtime.simd import ISA, lanes_of
from rnncc.runtime.simd.fill_tile import ABREAST


def at(panel, a, sums, unit, units):
    """The column of `panel` that holds unit number `unit` of `units` of sum `a`: (ΣK,)."""
    width = lanes_of(panel.dtype)
    block, lane = divmod(unit, width)
    here = min(units - block * width, width)
    chunk, column = divmod(block * sums * width + a * (here if here * sums <= width else width) + lane, panel.shape[2])
    return panel[chunk, :, column]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("units", [1, 3, 8, 17, 33])
@pytest.mark.parametrize("sums", [1, 2, 3, 4, 5])
def test_every_number_is_at_its_place(dtype, units, sums):
    rng = np.random.default_rng(0)
    matrices = [[rng.normal(size=(units, k)).astype(dtype) for k in (2, 5)] for _ in range(sums)]
    panel = pack(matrices)
    width = lanes_of(dtype)
    assert panel.dtype == dtype
    last = units % width
    vectors = sums * (units // width) + (math.ceil(last / width) if last * sums <= width else sums)
    assert panel.shape == (math.ceil(vectors / (ISA.vectors * ABREAST)) * ABREAST, 7, ISA.vectors * width)
    for a, both in enumerate(matrices):
        for unit in range(units):
            np.testing.assert_array_equal(at(panel, a, sums, unit, units), np.concatenate([m[unit] for m in both]))
    assert np.count_nonzero(panel) == 7 * sums * units


def test_operands_are_filled_up_with_zeros():
    matrices = [np.ones((17, k), np.float32) for k in (3, 4, 1)]
    panel, deep = pack([matrices, matrices]), pack([matrices, matrices], depth=2)
    rows = [0, 1, 2, 4, 5, 6, 7, 8]
    np.testing.assert_array_equal(deep[:, rows], panel)
    assert deep.shape[1] == 10
    assert not deep[:, [3, 9]].any()


def test_transposed_views_and_other_layouts():
    rng = np.random.default_rng(1)
    for dtype in (np.float32, np.float64):
        m = rng.normal(size=(37, 41)).astype(dtype)
        found = [
            pack([[view]]) for view in (np.ascontiguousarray(m.T), m.T, np.repeat(m, 2, axis=0)[::2].T, np.repeat(m.T, 2, 1)[:, ::2])
        ]
        assert all(np.array_equal(found[0], other) for other in found[1:])
        for unit in range(41):
            np.testing.assert_array_equal(at(found[0], 0, 1, unit, 41), m[:, unit])


def test_without_an_input_there_is_nothing_to_pack():
    assert pack([[np.zeros((3, 0))]]).shape[1] == 0


def test_by_name_columns_and_transposes():
    rng = np.random.default_rng(2)
    env = {"W": rng.normal(size=(5, 9)), "U": rng.normal(size=(5, 5)), PANELS: Panels()}
    for sums, meant in [
        ([("W", "U")], [[env["W"], env["U"]]]),
        ([("U",), ("U.T",)], [[env["U"]], [env["U"].T]]),
        ([("U", ("W", 2, 6))], [[env["U"], env["W"][:, 2:6]]]),
        ([(("W.T", 2, 7), "U.T")], [[env["W"][:, 2:7].T, env["U"].T]]),
    ]:
        found = packed(env, sums)
        np.testing.assert_array_equal(found, pack(meant))
        assert packed(env, sums) is found
        np.testing.assert_array_equal(packed({"W": env["W"], "U": env["U"]}, sums), found)
    assert len(env[PANELS].made) == 4


@settings(derandomize=True, database=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=3))
def test_a_group_is_whole_chunks_in_every_panel(sums):
    blocks = group_blocks(*sums)
    assert all(a * blocks % (ISA.vectors * ABREAST) == 0 for a in sums)
    assert not any(all(a * fewer % (ISA.vectors * ABREAST) == 0 for a in sums) for fewer in range(1, blocks))
