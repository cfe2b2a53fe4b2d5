"""Layers on the device beside those of the interpreter."""

import numpy as np

from tests.cuda import device
from tests.cuda.words import host

T, N, INPUTS, H = 6, 5, 3, 4
LENGTHS = np.array([2, 6, 0, 5, 3])
TOLERANCE = 1e-11
"""Sums of some hundred terms in another order, carried through some steps."""


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def placed(library, value):
    """Arrays of the host, in dicts and tuples, on the device."""
    if isinstance(value, dict):
        return {k: placed(library, v) for k, v in value.items()}
    return library.asarray(value) if isinstance(value, np.ndarray) else value


def same(found, expected):
    """Arrays of the device, in dicts and tuples, beside those of the host."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            same(found[key], expected[key])
    elif isinstance(expected, tuple):
        for one, other in zip(found, expected, strict=True):
            same(one, other)
    elif expected is None:
        assert found is None
    else:
        assert type(found) is device.ndarray
        assert found.shape == expected.shape
        np.testing.assert_allclose(host(found), expected, rtol=0, atol=TOLERANCE * max(1, np.abs(expected).max(initial=0)))


def check(library, both, x, *, state=None, dy_seed=3, **keywords):
    """Evaluation, training, gradients and values over time."""
    here, there = both
    arguments = {k: v for k, v in keywords.items() if k in ("lengths", "memory_lengths")}
    same(here(placed(library, x), placed(library, state), **arguments), there(x, state, **arguments))
    found, pull = here.vjp(placed(library, x), placed(library, state), **keywords)
    expected, pull_there = there.vjp(x, state, **keywords)
    same(found, expected)
    dy = drawn(*expected[0].shape, seed=dy_seed)
    dstate = {k: drawn(*v.shape, seed=4) for k, v in expected[1].items()}
    for _ in range(2):  # as often as one likes
        g, g_there = pull(placed(library, dy), placed(library, dstate)), pull_there(dy, dstate)
        for name in ("x", "state", "params"):
            same(getattr(g, name), getattr(g_there, name))
    same(pull(None).params, pull_there(None).params)
    assert pull.nbytes > 0
    same(here.trace(placed(library, x), None, placed(library, state), **arguments), there.trace(x, None, state, **arguments))
