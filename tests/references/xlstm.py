"""The two cells of xLSTM (Beck et al. 2024)."""

import math

from tests.references.reference import gates, linear, reference, torch

functional = torch.nn.functional
sigmoid, tanh = torch.sigmoid, torch.tanh


def stabilised(log_f, log_i, m):
    """Gates e^(ĩ - m') and e^(log f + m - m'), and m' = max(log f + m, ĩ)."""
    m_new = torch.maximum(log_f + m, log_i)
    return torch.exp(log_i - m_new), torch.exp(log_f + m - m_new), m_new


def recurrent(p, name, h):
    """U h, where U is (hidden, hidden), or (heads, hidden/heads, hidden/heads) for the blocks of a block-diagonal matrix."""
    u = p[name]
    return h @ (u if u.ndim == 2 else torch.block_diag(*u)).T


@reference(*gates("z i f o"), states="h c n m: hidden", initial={"m": -math.inf}, positive="n")
def slstm(x, state, p):
    """Eq. 8-17 with log σ for the forget gate, as in the package xlstm; m starts at -∞, so that the first m' is ĩ and n' is 1."""

    def a(k):
        return linear(p, f"W_{k}", x["x"]) + recurrent(p, f"U_{k}", state["h"]) + p[f"b_{k}"]

    i, f, m = stabilised(functional.logsigmoid(a("f")), a("i"), state["m"])
    c = f * state["c"] + i * tanh(a("z"))
    n = f * state["n"] + i
    h = sigmoid(a("o")) * c / n
    return h, {"h": h, "c": c, "n": n, "m": m}


@reference(
    "W_q W_k: key input",
    "W_v W_o: hidden input",
    "w_i w_f: input",
    "b_q b_k: key",
    "b_v b_o: hidden",
    "b_i b_f:",
    states=("C: hidden key", "n: key", "m:"),
    initial={"m": -math.inf},
    sizes={"key": 5},
)
def mlstm_matrix(x, state, p, heads=1):
    """Eq. 19-27, stabilised as in appendix A.3: C is a matrix, ĩ and f̃ are one number a sample and head, log f = log σ(f̃).

    What belongs to the second head is called `W_q_2`, `C_2` and so on; all heads are computed at once .
    """
    names = ["", *(f"_{number}" for number in range(2, heads + 1))]

    def of_heads(kind, v):
        weight, bias = (torch.stack([p[f"{letter}_{kind}{name}"] for name in names]) for letter in ("Ww"[kind in "if"], "b"))
        return torch.einsum("ni,h...i->nh...", v, weight), bias

    def affine(kind, scale=1.0):
        product, bias = of_heads(kind, x["x"])
        return product / scale + bias

    before = {s: torch.stack([state[s + name].reshape(len(x["x"]), *state[s + name].shape[1:]) for name in names], 1) for s in "Cnm"}
    q, value = affine("q"), affine("v")
    k = affine("k", math.sqrt(q.shape[-1]))
    i, f, m = stabilised(functional.logsigmoid(affine("f")), affine("i"), before["m"].reshape(q.shape[:2]))
    memory = f[..., None, None] * before["C"] + i[..., None, None] * torch.einsum("nhv,nhk->nhvk", value, k)
    n = f[..., None] * before["n"] + i[..., None] * k
    scale = torch.maximum(torch.einsum("nhk,nhk->nh", n, q).abs(), torch.exp(-m))
    read = sigmoid(affine("o")) * torch.einsum("nhvk,nhk->nhv", memory, q) / scale[..., None]
    after = {"C": memory, "n": n, "m": m}
    new = {s + name: after[s][:, number].reshape(state[s + name].shape) for number, name in enumerate(names) for s in after}
    return read.flatten(1), new
