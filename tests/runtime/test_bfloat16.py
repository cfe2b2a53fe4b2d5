"""Rounding to bfloat16 against other libraries, and where each half of a word comes from."""

import numpy as np
import pytest

from rnncc.runtime.bfloat16 import paired
from rnncc.runtime.frozen import PANELS, Panels
from rnncc.runtime.pack import pack, packed, packed_arrays
from rnncc.runtime.simd import ISA, lanes_of
from rnncc.runtime.simd.panel import DEPTH
from tests.emit.simulated import unpaired

WIDTH = ISA.vectors * lanes_of(np.float32)


def as_panel(bits):
    """Any float32, given by their bits, as a panel of one chunk; filled up with ones."""
    numbers = np.ones(-(-len(bits) // (DEPTH * WIDTH)) * DEPTH * WIDTH, np.float32)
    numbers.view(np.uint32)[: len(bits)] = bits
    return numbers.reshape(1, -1, WIDTH)


@pytest.fixture(scope="module")
def panel():
    """Both signs; upper halves of every kind, with lower halves around the middle."""
    upper = np.concatenate([np.arange(0, 0x10000, 37), [0x7F7F, 0x7F80, 0x7FC0, 0x7FFF, 0xFFFF, 0x8000, 0, 1]])
    lower = [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF]
    return as_panel(((upper[:, None] << 16) | lower).ravel().astype(np.uint32))


def test_rounds_as_pytorch(panel):
    torch = pytest.importorskip("torch")
    expected = torch.from_numpy(panel).to(torch.bfloat16).to(torch.float32).numpy()
    np.testing.assert_array_equal(unpaired(paired(panel)), expected)
    assert np.isnan(expected).any()
    assert np.isinf(expected[np.isfinite(panel)]).any()


def test_rounds_to_the_nearest_and_even(panel):
    found = unpaired(paired(panel)).astype(np.float64)
    finite = np.isfinite(panel) & np.isfinite(found)
    spacing = 2.0 ** np.maximum(np.floor(np.log2(np.abs(panel[finite].astype(np.float64)) + 2.0**-200)) - 7, -133)
    error = np.abs(found[finite] - panel[finite].astype(np.float64))
    assert (error <= spacing / 2).all()
    ties = error == spacing / 2
    assert ties.any()
    assert (unpaired(paired(panel))[finite][ties].view(np.uint32) >> 16 & 1 == 0).all()


def test_nan_and_signs_stay():
    bits = np.array([0x7F800001, 0xFF800001, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0, 0xFF800000, 0x7F800000], np.uint32)
    found = unpaired(paired(as_panel(bits))).ravel()[:8]
    assert np.isnan(found[:4]).all()
    np.testing.assert_array_equal(np.signbit(found), bits >> 31 == 1)
    np.testing.assert_array_equal(found[4:], [-0.0, 0.0, -np.inf, np.inf])


@pytest.mark.parametrize("inner", [0, 1, 7])
@pytest.mark.parametrize("units", [1, 17, 40])
def test_numbers_that_are_bfloat16_come_back(units, inner):
    rng = np.random.default_rng(0)
    whole = rng.integers(-128, 128, size=(3, units, inner)).astype(np.float32)
    panel = pack([[m] for m in whole], depth=DEPTH)
    words = paired(panel)
    assert words.nbytes == panel.nbytes // 2
    np.testing.assert_array_equal(unpaired(words), panel)


def test_an_env_says_how_its_weights_are_packed():
    env = {"W": np.random.default_rng(0).normal(size=(5, 9)).astype(np.float32)}
    wide, narrow = (env | {PANELS: Panels(bfloat16=choice)} for choice in (False, True))
    sums = [("W",)]
    expected = paired(pack([[env["W"]]], depth=DEPTH))
    np.testing.assert_array_equal(packed(narrow, sums), expected)
    np.testing.assert_array_equal(packed_arrays(narrow, [[env["W"]]]), expected)
    assert packed(narrow, sums) is packed(narrow, sums)
    for other in (env, wide):
        assert packed(other, sums).dtype == packed_arrays(other, [[env["W"]]]).dtype == np.float32
