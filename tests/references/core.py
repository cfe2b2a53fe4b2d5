"""Elman, Jordan, LSTM, GRU and their conventions."""

from tests.references.reference import affine, gates, linear, reference, torch

sigmoid, tanh = torch.sigmoid, torch.tanh
FUNCTIONS = {"tanh": tanh, "relu": torch.relu, "sigmoid": sigmoid}


@reference("W: hidden input", "U: hidden hidden", "b: hidden")
def elman(x, state, p, phi="tanh"):
    """Elman 1990; PyTorch's nn.RNN with one bias."""
    h = FUNCTIONS[phi](linear(p, "W", x["x"]) + linear(p, "U", state["h"]) + p["b"])
    return h, {"h": h}


@reference(
    "W: hidden input", "U: hidden out", "V: out hidden", "b: hidden", "b_y: out", states="y: out", output="out", sizes={"out": 3}
)
def jordan(x, state, p, phi="tanh", psi="tanh"):
    """Jordan 1986: the output is what recurs."""
    h = FUNCTIONS[phi](linear(p, "W", x["x"]) + linear(p, "U", state["y"]) + p["b"])
    y = FUNCTIONS[psi](linear(p, "V", h) + p["b_y"])
    return y, {"y": y}


@reference(*gates("i f g o"), states="h c: hidden")
def lstm(x, state, p):
    """Gers, Schmidhuber & Cummins 2000; PyTorch's nn.LSTM with one bias a gate."""
    a = affine(p, x["x"], state["h"])
    c = sigmoid(a("f")) * state["c"] + sigmoid(a("i")) * tanh(a("g"))
    h = sigmoid(a("o")) * tanh(c)
    return h, {"h": h, "c": c}


@reference(*gates("i f g o"), "p_i p_f p_o: hidden", states="h c: hidden")
def lstm_peephole(x, state, p):
    """Gers, Schraudolph & Schmidhuber 2002: the output gate sees the new cell."""
    a, c = affine(p, x["x"], state["h"]), state["c"]
    i = sigmoid(a("i") + p["p_i"] * c)
    f = sigmoid(a("f") + p["p_f"] * c)
    c_new = f * c + i * tanh(a("g"))
    h = sigmoid(a("o") + p["p_o"] * c_new) * tanh(c_new)
    return h, {"h": h, "c": c_new}


def reset_before(x, h, p):
    """z and n of a GRU whose reset gate acts before the product."""
    a = affine(p, x, h)
    z, r = sigmoid(a("z")), sigmoid(a("r"))
    return z, tanh(affine(p, x, r * h)("n"))


@reference(*gates("z r n"))
def gru(x, state, p):
    """Chung et al. 2014, section 3.2: z = 1 takes the candidate."""
    h = state["h"]
    z, n = reset_before(x["x"], h, p)
    h_new = (1 - z) * h + z * n
    return h_new, {"h": h_new}


@reference(*gates("z r n"))
def gru_cho(x, state, p):
    """Cho et al. 2014, eq. 7: z = 1 keeps the state."""
    h = state["h"]
    z, n = reset_before(x["x"], h, p)
    h_new = z * h + (1 - z) * n
    return h_new, {"h": h_new}


@reference(*gates("z r n"), "b_h: hidden")
def gru_reset_after(x, state, p):
    """cuDNN and PyTorch's nn.GRU: the reset gate acts on the product and its bias."""
    h = state["h"]
    a = affine(p, x["x"], h)
    z, r = sigmoid(a("z")), sigmoid(a("r"))
    n = tanh(linear(p, "W_n", x["x"]) + p["b_n"] + r * (linear(p, "U_n", h) + p["b_h"]))
    h_new = (1 - z) * n + z * h
    return h_new, {"h": h_new}
