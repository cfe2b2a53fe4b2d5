"""Diagonal and linear recurrences, in the order of the catalogue."""

from tests.references.core import FUNCTIONS
from tests.references.reference import linear, reference, torch

functional = torch.nn.functional
sigmoid, tanh = torch.sigmoid, torch.tanh


@reference("W: hidden input", "u b: hidden")
def indrnn(x, state, p, phi="relu"):
    """Li et al. 2018, eq. 4: each unit reads itself alone."""
    h = FUNCTIONS[phi](linear(p, "W", x["x"]) + p["u"] * state["h"] + p["b"])
    return h, {"h": h}


@reference("W W_f W_r W_x: hidden input", "v_f v_r b_f b_r: hidden", states="c: hidden")
def sru(x, state, p):
    """Lei et al. 2018, eq. 1-4, as in the package sru: both gates read the previous c, and the highway has no scaling.

    Where input and hidden sizes differ the package's highway reads a fourth projection, W_x x; without a W_x it reads x itself.
    """
    c, image = state["c"], linear(p, "W", x["x"])
    f = sigmoid(linear(p, "W_f", x["x"]) + p["v_f"] * c + p["b_f"])
    r = sigmoid(linear(p, "W_r", x["x"]) + p["v_r"] * c + p["b_r"])
    c_new = f * c + (1 - f) * image
    highway = linear(p, "W_x", x["x"]) if "W_x" in p else x["x"]
    return r * c_new + (1 - r) * highway, {"c": c_new}


@reference("W_z W_f W_o: hidden input+input", "b_z b_f b_o: hidden", states=("c: hidden", "x_1: input"))
def qrnn(x, state, p, window=2):
    """Bradbury et al. 2017, eq. 1-2 and 4: gates from a causal convolution of width `window`, fo-pooling.

    W_k reads x, then the x before it (a state x_1), then the one before that (x_2) …; the arguments stated are those of width 2.
    """
    seen = [x["x"], *(state[f"x_{k}"] for k in range(1, window))]

    def convolved(k):
        return linear(p, f"W_{k}", torch.cat(seen, -1)) + p[f"b_{k}"]

    f = sigmoid(convolved("f"))
    c = f * state["c"] + (1 - f) * tanh(convolved("z"))
    return sigmoid(convolved("o")) * c, {"c": c} | {f"x_{k}": seen[k - 1] for k in range(1, window)}


def positive(v):
    """What the log-space form of Feng et al. 2024 takes for a candidate: v + 1/2 from 0 on, σ(v) below."""
    return torch.where(v >= 0, v + 0.5, sigmoid(v))


@reference("W_z W_h: hidden input", "b_z b_h: hidden")
def mingru(x, state, p, log_space=False):
    """Feng et al. 2024, section 3.1.3; with `log_space` the candidate of appendix B.2."""
    z = sigmoid(linear(p, "W_z", x["x"]) + p["b_z"])
    v = linear(p, "W_h", x["x"]) + p["b_h"]
    h = (1 - z) * state["h"] + z * (positive(v) if log_space else v)
    return h, {"h": h}


@reference("W_f W_i W_h: hidden input", "b_f b_i b_h: hidden")
def minlstm(x, state, p, log_space=False):
    """Feng et al. 2024, section 3.2.4: forget and input gate share one."""
    f, i = (sigmoid(linear(p, f"W_{k}", x["x"]) + p[f"b_{k}"]) for k in "fi")
    v = linear(p, "W_h", x["x"]) + p["b_h"]
    h = f / (f + i) * state["h"] + i / (f + i) * (positive(v) if log_space else v)
    return h, {"h": h}


@reference(
    "nu theta log_gamma: hidden",
    "B_re B_im: hidden input",
    "C_re C_im: hidden hidden",
    "D: hidden input",
    states="s_re s_im: hidden",
)
def lru(x, state, p):
    """Orvieto et al. 2023, eq. 5-8 and appendix A: λ = exp(-exp(ν) + i exp(θ)), γ = exp(log_gamma)."""
    decay = torch.exp(torch.complex(-torch.exp(p["nu"]), torch.exp(p["theta"])))
    image = torch.complex(linear(p, "B_re", x["x"]), linear(p, "B_im", x["x"]))
    s = decay * torch.complex(state["s_re"], state["s_im"]) + torch.exp(p["log_gamma"]) * image
    y = (s @ torch.complex(p["C_re"], p["C_im"]).T).real + linear(p, "D", x["x"])
    return y, {"s_re": s.real, "s_im": s.imag}


@reference("V: hidden input", "w b c: hidden", states="y z: hidden")
def unicornn(x, state, p, dt=0.1, alpha=1.0):
    """Rusch & Mishra 2021b, eq. 4: a symplectic Euler step; σ(c) scales the step of each unit. The output is y."""
    step = dt * sigmoid(p["c"])
    z = state["z"] - step * (tanh(p["w"] * state["y"] + linear(p, "V", x["x"]) + p["b"]) + alpha * state["y"])
    y = state["y"] + step * z
    return y, {"y": y, "z": z}
