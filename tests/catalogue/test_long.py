"""Ten thousand steps in float32 of the cells whose arithmetic could overflow: finite forward and backward, inside their bounds."""

import numpy as np
import pytest

import rnncc

STEPS, ROWS, INPUTS, HIDDEN = 10_000, 2, 4, 8
LARGE = 100.0
"""Scale of the input: exponential gates without a stabiliser overflow beyond 88."""
CELLS = [("slstm", {}), ("mingru", {"log_space": True}), ("minlstm", {"log_space": True}), ("lru", {})]


def ran(cell, options):
    """Input, output, final states and gradients."""
    layer = rnncc.RNN(cell, INPUTS, HIDDEN, dtype="float32", seed=0, **options)
    rng = np.random.default_rng(0)
    x = (LARGE * rng.standard_normal((STEPS, ROWS, INPUTS))).astype(np.float32)
    (y, finals), pullback = layer.vjp(x)
    return layer, x, y, finals, pullback(rng.standard_normal(y.shape).astype(np.float32))


@pytest.mark.parametrize(("cell", "options"), CELLS, ids=str)
def test_nothing_overflows_in_ten_thousand_steps(cell, options):
    layer, x, y, finals, g = ran(cell, options)
    arrays = {"y": y, "x": g.x} | {f"{k}_T": v for k, v in finals.items()} | {f"{k}_0": v for k, v in g.state.items()} | g.params
    assert not [name for name, values in arrays.items() if not np.isfinite(values).all()]
    assert g.x[0].any(), "the first step still has a part in the result"
    lowest, highest = bounds(cell, layer.params, x)
    room = 1e-5 * highest
    assert lowest - room <= y.min() <= y.max() <= highest + room


def bounds(cell, params, x):
    """What the output cannot leave."""
    if cell == "slstm":
        return -1.0, 1.0  # c is a weighted sum of values in (-1, 1), n the sum of its weights
    if cell == "lru":
        return -np.inf, np.inf
    candidates = x @ params["l0.W_h"].T + params["l0.b_h"]
    return 0.0, float(candidates.max()) + 0.5  # h is a weighted mean of positive candidates and of 0
