"""Cells written out in PyTorch, from the papers and not from the specs: what every backend is compared with.

A step function takes the parameters by name, the input (N, I) and the states by name, each (N, units), and returns the new states
and the output. `REFERENCES` has them by catalogue name, or by the name of a file in `tests/cells`.
"""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
functional = torch.nn.functional
sigmoid, tanh = torch.sigmoid, torch.tanh


def gates(params, x, h):
    """k -> W_k x + U_k h + b_k."""
    return lambda k: x @ params[f"W_{k}"].T + h @ params[f"U_{k}"].T + params[f"b_{k}"]


def elman(params, x, state, phi=tanh):
    h = phi(x @ params["W"].T + state["h"] @ params["U"].T + params["b"])
    return {"h": h}, h


def jordan(params, x, state, phi=tanh, psi=tanh):
    h = phi(x @ params["W"].T + state["y"] @ params["U"].T + params["b"])
    y = psi(h @ params["V"].T + params["b_y"])
    return {"y": y}, y


def lstm(params, x, state):
    a = gates(params, x, state["h"])
    c = sigmoid(a("f")) * state["c"] + sigmoid(a("i")) * tanh(a("g"))
    h = sigmoid(a("o")) * tanh(c)
    return {"h": h, "c": c}, h


def lstm_peephole(params, x, state):
    a, c = gates(params, x, state["h"]), state["c"]
    i = sigmoid(a("i") + params["p_i"] * c)
    f = sigmoid(a("f") + params["p_f"] * c)
    c_new = f * c + i * tanh(a("g"))
    h = sigmoid(a("o") + params["p_o"] * c_new) * tanh(c_new)
    return {"h": h, "c": c_new}, h


def gru(params, x, state):
    h = state["h"]
    a = gates(params, x, h)
    z, r = sigmoid(a("z")), sigmoid(a("r"))
    n = tanh(x @ params["W_n"].T + (r * h) @ params["U_n"].T + params["b_n"])
    h = (1 - z) * h + z * n
    return {"h": h}, h


def gru_cho(params, x, state):
    h = state["h"]
    a = gates(params, x, h)
    z, r = sigmoid(a("z")), sigmoid(a("r"))
    n = tanh(x @ params["W_n"].T + (r * h) @ params["U_n"].T + params["b_n"])
    h = z * h + (1 - z) * n
    return {"h": h}, h


def gru_reset_after(params, x, state):
    h = state["h"]
    a = gates(params, x, h)
    z, r = sigmoid(a("z")), sigmoid(a("r"))
    n = tanh(x @ params["W_n"].T + params["b_n"] + r * (h @ params["U_n"].T + params["b_h"]))
    h = (1 - z) * n + z * h
    return {"h": h}, h


def slstm(params, x, state):
    a = gates(params, x, state["h"])
    log_f, log_i = functional.logsigmoid(a("f")), a("i")
    m = torch.maximum(log_f + state["m"], log_i)
    i, f = torch.exp(log_i - m), torch.exp(log_f + state["m"] - m)
    c = f * state["c"] + i * tanh(a("z"))
    n = f * state["n"] + i
    h = sigmoid(a("o")) * c / n
    return {"h": h, "c": c, "n": n, "m": m}, h


def rhn(params, x, state):
    s = state["s"]
    for layer in range(3):
        a = s @ params[f"R_h{layer}"].T + params[f"b_h{layer}"]
        b = s @ params[f"R_t{layer}"].T + params[f"b_t{layer}"]
        if layer == 0:
            a, b = a + x @ params["W_h"].T, b + x @ params["W_t"].T
        s = tanh(a) * sigmoid(b) + s * (1 - sigmoid(b))
    return {"s": s}, s


def lstm_layernorm(params, x, state):
    def norm(z, k):
        return functional.layer_norm(z, z.shape[-1:], eps=1e-5) * params[f"g_{k}"]

    def a(k):
        return norm(x @ params[f"W_{k}"].T, f"W{k}") + norm(state["h"] @ params[f"U_{k}"].T, f"U{k}") + params[f"b_{k}"]

    c = sigmoid(a("f")) * state["c"] + sigmoid(a("i")) * tanh(a("g"))
    h = sigmoid(a("o")) * tanh(norm(c, "c") + params["b_c"])
    return {"h": h, "c": c}, h


def window_softmax(params, x, state):
    h = state["h"]
    p = torch.softmax(torch.cat([x, state["w"], state["r"]], -1) @ params["W"].T + h @ params["U"].T, -1)
    h_new = tanh(torch.where(h > 0, p * h, h**2) + 2 * p + params["a"])
    r = (torch.relu(h_new) - p) @ params["P"].T
    return {"h": h_new, "w": x, "r": r}, r


CORE = {
    "elman": elman,
    "jordan": jordan,
    "lstm": lstm,
    "lstm_peephole": lstm_peephole,
    "gru": gru,
    "gru_cho": gru_cho,
    "gru_reset_after": gru_reset_after,
}
OWN = {"slstm": slstm, "rhn": rhn, "lstm_layernorm": lstm_layernorm, "window_softmax": window_softmax}
REFERENCES = CORE | OWN


def unroll(step, params, x, state, lengths=None, reverse=False):
    """The layer: outputs (T, N, O), zero past each length, and the final states.

    Past its length a sequence keeps its state; `reverse` reads each sequence from its own end to its start.
    """
    steps, batch = x.shape[:2]
    ends = torch.full((batch,), steps) if lengths is None else torch.as_tensor(lengths)
    outputs = [None] * steps
    for t in reversed(range(steps)) if reverse else range(steps):
        new, y = step(params, x[t], state)
        live = (t < ends)[:, None]
        state = {k: torch.where(live, new[k], state[k]) for k in state}
        outputs[t] = torch.where(live, y, torch.zeros_like(y))
    return torch.stack(outputs), state
