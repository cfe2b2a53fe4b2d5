"""Cells with batch normalisation as it trains, by PyTorch's own: statistics of the live steps of all rows, which take all of time."""

from tests.references.layers import unroll
from tests.references.reference import linear, torch

functional = torch.nn.functional


def normalised(v, live, gain, bias, eps=1e-5):
    """Batch normalisation of `v` (T, N, units) over the steps and rows that are `live` (T, N); zero elsewhere."""
    found = torch.zeros_like(v)
    found[live] = functional.batch_norm(v[live], None, None, gain, bias, training=True, eps=eps)
    return found


def ligru(p, x, state, lengths=None, reverse=False):
    """Ravanelli et al. 2018, eq. 8-10, over time: outputs (T, N, hidden) and final states, as of `layers.unroll`."""
    steps, rows = x["x"].shape[:2]
    ends = torch.full((rows,), steps) if lengths is None else torch.as_tensor(lengths)
    live = torch.arange(steps)[:, None] < ends
    a = {k: normalised(linear(p, f"W_{k}", x["x"]), live, p[f"g_{k}"], p[f"b_{k}"]) for k in "zh"}

    def step(a, state, p):
        h = state["h"]
        z = torch.sigmoid(a["z"] + linear(p, "U_z", h))
        h_new = z * h + (1 - z) * torch.relu(a["h"] + linear(p, "U_h", h))
        return h_new, {"h": h_new}

    return unroll(step, p, a, state, lengths, reverse)
