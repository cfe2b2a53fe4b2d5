"""The two cells of xLSTM (Beck et al. 2024)."""

import math

from tests.references.reference import column, gates, linear, reference, torch

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
def mlstm_matrix(x, state, p):
    """Eq. 19-27 of one head, stabilised as in appendix A.3: C is a matrix, ĩ and f̃ are one number a sample, log f = log σ(f̃)."""
    v = x["x"]
    q = linear(p, "W_q", v) + p["b_q"]
    k = linear(p, "W_k", v) / math.sqrt(len(p["b_k"])) + p["b_k"]
    value = linear(p, "W_v", v) + p["b_v"]
    i, f, m = stabilised(functional.logsigmoid(v @ p["w_f"] + p["b_f"]), v @ p["w_i"] + p["b_i"], state["m"].reshape(len(v)))
    memory = f[:, None, None] * state["C"] + i[:, None, None] * value[:, :, None] * k[:, None, :]
    n = column(f) * state["n"] + column(i) * k
    scale = torch.maximum((n * q).sum(-1).abs(), torch.exp(-m))
    h = sigmoid(linear(p, "W_o", v) + p["b_o"]) * (memory @ q[:, :, None])[:, :, 0] / column(scale)
    return h, {"C": memory, "n": n, "m": m.reshape(state["m"].shape)}
