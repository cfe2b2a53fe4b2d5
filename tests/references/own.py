"""The cells of `tests/cells` that are not the catalogue's: each asks something of the compiler."""

from tests.references.reference import gates, linear, reference, torch

functional = torch.nn.functional
sigmoid, tanh = torch.sigmoid, torch.tanh


@reference(*gates("i f g o"), "g_Wi g_Wf g_Wg g_Wo g_Ui g_Uf g_Ug g_Uo g_c b_c: hidden", states="h c: hidden")
def lstm_layernorm(x, state, p):
    """One layer norm for each product of each gate, and one for the cell."""

    def norm(z, k):
        return functional.layer_norm(z, z.shape[-1:], eps=1e-5) * p[f"g_{k}"]

    def a(k):
        return norm(linear(p, f"W_{k}", x["x"]), f"W{k}") + norm(linear(p, f"U_{k}", state["h"]), f"U{k}") + p[f"b_{k}"]

    c = sigmoid(a("f")) * state["c"] + sigmoid(a("i")) * tanh(a("g"))
    h = sigmoid(a("o")) * tanh(norm(c, "c") + p["b_c"])
    return h, {"h": h, "c": c}


@reference(
    "W: hidden input+input+proj",
    "U: hidden hidden",
    "P: proj hidden",
    "a:",
    states=("h: hidden", "w: input", "r: proj"),
    output="proj",
    sizes={"proj": 3},
)
def window_softmax(x, state, p):
    """No published cell: see its spec."""
    h = state["h"]
    s = torch.softmax(linear(p, "W", torch.cat([x["x"], state["w"], state["r"]], -1)) + linear(p, "U", h), -1)
    h_new = tanh(torch.where(h > 0, s * h, h**2) + 2 * s + p["a"])
    r = linear(p, "P", torch.relu(h_new) - s)
    return r, {"h": h_new, "w": x["x"], "r": r}


@reference("W: hidden input", "U: hidden hidden", "s tau v: hidden", states=("h: hidden", "m t:"), inputs=("x: input", "dt:"))
def timed(x, state, p):
    """No published cell: see its spec."""
    h, m, t, dt = state["h"], state["m"], state["t"], x["dt"]
    phase = torch.remainder(t[:, None] - p["s"], 2.5 + p["tau"] ** 2)
    z = sigmoid(linear(p, "W", x["x"]) + p["v"] * dt[:, None] + phase)
    decay = sigmoid(m * dt + z.mean(-1))
    n = tanh(linear(p, "U", m[:, None] * h)) * torch.sin(t)[:, None]
    h_new = decay[:, None] * h + z * n
    return h_new, {"h": h_new, "m": decay - dt * m / 2, "t": t + 1}


@reference(
    "mu s w: hidden hidden",
    "q: hidden input",
    "g: hidden",
    "p: input",
    states=("r:", "v: hidden", "C: input hidden"),
)
def pairs(x, state, p):
    """Every axis in its place: n rows of the batch, i and j units."""
    x, v, r = x["x"], state["v"], state["r"]
    row, column = v[:, :, None], v[:, None, :]
    a = (p["w"] * sigmoid(p["s"] * (column - p["mu"]))).sum(2)
    b = torch.einsum("nij,ni->ni", tanh(p["q"] * x[:, None, :]), v)
    attention = torch.softmax(p["w"] * row * column, 2)
    e = torch.einsum("nij,ni->nj", attention, v)
    f = torch.einsum("nij,j->nj", attention, p["g"]) / v.shape[1] * v
    C = 0.5 * state["C"] + torch.einsum("i,nj->nij", p["p"], v) / (1 + r.abs())[:, None, None]
    u = (C * x[:, :, None]).amax(1)
    r_new = 0.5 * r + torch.where(v > 0, v, u).mean(1)
    v_new = 0.5 * v + sigmoid(a + b + e + f + u + p["g"])
    return v_new, {"v": v_new, "C": C, "r": r_new}
