"""Layers whose kernels are run as PTX, against the interpreter's.

Everything of the host is the real thing, but for the arrays. Tolerances are in what one rounding is off by, of the largest number of
each result: sums of T N products, or of as many as there are columns, in another order, carried through the steps, forward and back.
"""

import numpy as np
import pytest

from rnncc.runtime.cuda import plan
from tests.cuda.layers import drawn, placed
from tests.cuda.words import host

INPUTS, H = 3, 20
T, N = 3, 17
LENGTHS = np.array([3, 1, 0, *[2] * (N - 3)])
ROUNDED = {"float64": 2.0**-53, "float32": 2.0**-24, "tf32": 2.0**-11, "bfloat16": 2.0**-9}
"""Half a unit in the last place."""


@pytest.fixture
def by_ptx(by_ptx, monkeypatch):
    """A device on which blocks meet at no cost, so that they share the units of a part."""
    monkeypatch.setattr(plan, "_MEETING", 0)
    plan.plan_loop.cache_clear()
    yield by_ptx
    plan.plan_loop.cache_clear()


def agree(found, expected, rounded, name="y"):
    """Arrays in dicts and tuples are as close as sums of some ten roundings in a row."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            agree(found[key], value, rounded, f"{name}.{key}")
    elif isinstance(expected, tuple):
        for k, (one, other) in enumerate(zip(found, expected, strict=True)):
            agree(one, other, rounded, f"{name}.{k}")
    elif expected is not None:
        finite = expected[np.isfinite(expected)]
        largest = max(1, np.abs(finite).max(initial=0))
        np.testing.assert_allclose(host(found).astype(np.float64), expected, rtol=0, atol=20 * rounded * largest, err_msg=name)


def gradients(chip, both, x, rounded, lengths, state=None):
    """A pass forward and one back."""
    here, there = both
    found, pull = here.vjp(placed(chip, x), placed(chip, state), lengths=lengths)
    expected, pull_there = there.vjp(x, state, lengths=lengths)
    agree(found, expected, rounded)
    dy = drawn(*expected[0].shape, seed=3).astype(x.dtype)
    g, g_there = pull(placed(chip, dy)), pull_there(dy)
    for name in ("x", "state", "params"):
        agree(getattr(g, name), getattr(g_there, name), rounded, f"g.{name}")


@pytest.mark.parametrize(
    ("settings", "rounded"),
    [
        ({"dtype": "float32"}, "float32"),
        ({"dtype": "float64"}, "float64"),
        ({"dtype": "float32", "precision": "tf32"}, "tf32"),
    ],
)
def test_an_lstm(chip, layers, by_ptx, settings, rounded):
    """Both directions, rows that end early, blocks that share units and meet."""
    both = layers("lstm", sizes=(INPUTS, H), bidirectional=True, **settings)
    x = drawn(T, N, INPUTS).astype(settings["dtype"])
    gradients(chip, both, x, ROUNDED[rounded], LENGTHS)
    assert max(grid.blocks for grid in by_ptx.grids if grid.together) > 2
    by_ptx.in_turn = True
    agree(both[0](placed(chip, x)), both[1](x), ROUNDED[rounded])
