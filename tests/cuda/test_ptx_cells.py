"""Layers whose kernels are run as PTX, against the interpreter's.

Everything of the host is the real thing, but for the arrays. Tolerances are in what one rounding is off by, of the largest number of
each result: ten for sums in another order, and four for what each step does to what the one before it leaves.
"""

import numpy as np
import pytest

from rnncc.runtime.transforms import asked_for
from tests.cuda.layers import drawn
from tests.cuda.words import host

INPUTS, H = 3, 20
T, N = 3, 17
LENGTHS = np.array([3, 1, 0, *[2] * (N - 3)])


def agree(found, expected, atol, name="y"):
    """Arrays in dicts and tuples are as close as `atol` times their largest number, or 1."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            agree(found[key], value, atol, f"{name}.{key}")
    elif isinstance(expected, tuple):
        for k, (one, other) in enumerate(zip(found, expected, strict=True)):
            agree(one, other, atol, f"{name}.{k}")
    elif expected is not None:
        finite = expected[np.isfinite(expected)]
        largest = max(1, np.abs(finite).max(initial=0))
        np.testing.assert_allclose(host(found).astype(np.float64), expected, rtol=0, atol=atol * largest, err_msg=name)


def tolerance(dtype, steps=T):
    return (10 + 4 * steps) * {"float32": 2.0**-24, "bfloat16": 2.0**-9}[dtype]


def trained(chip, both, lengths, steps=T, rows=N, dtype=np.float32):
    """A pass forward and one back, on numbers of `dtype`."""
    here, there = both
    x, atol = drawn(steps, rows, INPUTS).astype(dtype), tolerance(np.dtype(dtype).name, steps)
    found, pull = here.vjp(chip.asarray(x), lengths=lengths)
    expected, pull_there = there.vjp(x.astype(np.float32), lengths=lengths)
    agree(found, expected, atol)
    dy = drawn(*expected[0].shape, seed=3).astype(dtype)
    g, g_there = pull(chip.asarray(dy)), pull_there(dy.astype(np.float32))
    for name in ("x", "state", "params"):
        agree(getattr(g, name), getattr(g_there, name), atol, f"g.{name}")


def test_an_lstm(chip, layers, by_ptx):
    """Both directions, rows that end early, blocks that share units and meet, one of them alone for as long as it can."""
    both = layers("lstm", sizes=(INPUTS, H), bidirectional=True, dtype="float32")
    trained(chip, both, LENGTHS)
    assert max(grid.blocks for grid in by_ptx.grids if grid.together) > 2
    by_ptx.in_turn = True
    x = drawn(T, N, INPUTS).astype(np.float32)
    agree(both[0].vjp(chip.asarray(x))[0], both[1](x), tolerance("float32"))


@pytest.mark.parametrize(
    ("cell", "transforms"),
    [
        ("gru", {}),  # two phases
        ("elman", {"layer_norm": True}),  # reductions over units
        ("sru", {}),  # a thread a unit
    ],
)
def test_other_cells(chip, layers, by_ptx, cell, transforms):
    asked = asked_for(transforms)
    trained(chip, layers(cell, asked.structure, sizes=(INPUTS, H), dtype="float32", **asked.keywords), LENGTHS)


def test_matrices_as_states(chip, layers, by_ptx):
    """Products of values, and states that begin at minus infinity."""
    here, there = layers("mlstm_matrix", sizes=(INPUTS, 5), dtype="float32")
    x = drawn(T, N, INPUTS).astype(np.float32)
    agree(here(chip.asarray(x), lengths=LENGTHS), there(x, lengths=LENGTHS), tolerance("float32"))


def test_chunks_of_time(chip, layers, by_ptx):
    """Maps of complex states, and of their cotangents."""
    trained(chip, layers("lru", sizes=(INPUTS, H), dtype="float32"), np.array([11, 40, 0]), steps=40, rows=3)


def test_layers_of_bfloat16(chip, layers, by_ptx):
    """What comes in and goes out, and residuals, have half the bits."""
    half = pytest.importorskip("ml_dtypes").bfloat16
    trained(chip, layers("lstm", sizes=(INPUTS, H), dtype="bfloat16"), LENGTHS, dtype=half)
