"""xLSTM's cells against their forms without a stabiliser, and against attention over the whole sequence."""

import math

import pytest

from tests.references.drawn import ROWS, STEPS, drawn
from tests.references.identity import same
from tests.references.reference import torch
from tests.references.registry import REFERENCES

functional = torch.nn.functional


def test_slstm_s_stabiliser_changes_nothing():
    """c e^m and n e^m go by the gates e^ĩ and σ(f̃) themselves."""
    cell = REFERENCES["slstm"]
    given = drawn(cell)
    p, (h, c, n, m) = given.params, (given.state[k] for k in "hcnm")
    c, n = c * m.exp(), n * m.exp()
    for x in given.x["x"]:
        i, f, z, o = (x @ p[f"W_{k}"].T + h @ p[f"U_{k}"].T + p[f"b_{k}"] for k in "ifzo")
        c = f.sigmoid() * c + i.exp() * z.tanh()
        n = f.sigmoid() * n + i.exp()
        h = o.sigmoid() * c / n
    _, final = given.run(cell)
    same((final["h"], final["c"] * final["m"].exp(), final["n"] * final["m"].exp()), (h, c, n))


def test_slstm_from_its_first_state():
    """m = -∞: the first output is o tanh(z), and no gradient is lost to 0/0."""
    cell = REFERENCES["slstm"]
    given = drawn(cell)
    assert cell.initial == {"m": -math.inf}
    given.state.update({k: torch.full_like(v, cell.initial.get(k, 0.0)).requires_grad_() for k, v in given.state.items()})
    p, x = given.params, given.x["x"][0]
    y, final = given.run(cell)
    same(y[0], (x @ p["W_o"].T + p["b_o"]).sigmoid() * (x @ p["W_z"].T + p["b_z"]).tanh())
    slopes = torch.autograd.grad(y.sum() + final["c"].sum(), list(p.values()))
    assert all(slope.isfinite().all() for slope in slopes)


def test_slstm_of_two_heads_has_a_block_diagonal():
    cell = REFERENCES["slstm"]
    given = drawn(cell)
    blocks = {f"U_{k}": torch.stack([given.params[f"U_{k}"][:2, :2], given.params[f"U_{k}"][2:, 2:]]) for k in "zifo"}
    given.params.update({k: torch.block_diag(*v) for k, v in blocks.items()})
    expected = given.run(cell)
    given.params.update(blocks)
    same(given.run(cell), expected)


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_mlstm_is_attention_with_decay(scale):
    """The parallel form of appendix A.3: every query against every key before it, weighted by the gates between them."""
    cell = REFERENCES["mlstm_matrix"]
    given = drawn(cell)
    given.state.update({k: torch.full_like(v, cell.initial.get(k, 0.0)) for k, v in given.state.items()})
    given.params["w_i"] = scale * given.params["w_i"]
    p, x = given.params, given.x["x"].transpose(0, 1)
    q, k, v = (x @ p[f"W_{name}"].T for name in "qkv")
    q, k, v = q + p["b_q"], k / math.sqrt(5) + p["b_k"], v + p["b_v"]
    kept = torch.cumsum(functional.logsigmoid(x @ p["w_f"] + p["b_f"]), 1)
    log_d = kept[:, :, None] - kept[:, None, :] + (x @ p["w_i"] + p["b_i"])[:, None, :]
    log_d = log_d.masked_fill(~torch.ones(STEPS, STEPS, dtype=torch.bool).tril(), -torch.inf)
    m = log_d.amax(-1, keepdim=True)
    weights = (q @ k.transpose(1, 2)) * torch.exp(log_d - m)
    h = weights @ v / torch.maximum(weights.sum(-1, keepdim=True).abs(), torch.exp(-m))
    y, final = given.run(cell)
    same(y, ((x @ p["W_o"].T + p["b_o"]).sigmoid() * h).transpose(0, 1))
    assert final["m"].shape == (ROWS,)
    same(final["m"], m[:, -1, 0])
