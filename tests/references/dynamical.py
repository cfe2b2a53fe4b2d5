"""Dynamical systems, and cells that know the time, in the order of the catalogue."""

from tests.references.core import lstm
from tests.references.reference import affine, column, gates, linear, reference, torch

sigmoid, tanh = torch.sigmoid, torch.tanh


@reference("R R_z: hidden hidden", "V: hidden input", "b: hidden", states="y z: hidden")
def cornn(x, state, p, dt=0.1, gamma=1.0, epsilon=1.0):
    """Rusch & Mishra 2021a, eq. 3 (implicit-explicit): coupled oscillators; the position y is the output, z its velocity."""
    y, z = state["y"], state["z"]
    force = tanh(linear(p, "R", y) + linear(p, "R_z", z) + linear(p, "V", x["x"]) + p["b"])
    z_new = z + dt * (force - gamma * y - epsilon * z)
    y_new = y + dt * z_new
    return y_new, {"y": y_new, "z": z_new}


@reference(*gates("1 2 z y"), states="y z: hidden")
def lem(x, state, p, dt=1.0):
    """Rusch et al. 2022, eq. 3: two learned time scales; y reads the new z."""
    a = affine(p, x["x"], state["y"])
    first, second = dt * sigmoid(a("1")), dt * sigmoid(a("2"))
    z = (1 - first) * state["z"] + first * tanh(a("z"))
    y = (1 - second) * state["y"] + second * tanh(affine(p, x["x"], z)("y"))
    return y, {"y": y, "z": z}


@reference("A: hidden hidden", "V: hidden input", "b: hidden")
def antisymmetric(x, state, p, epsilon=0.01, gamma=0.01):
    """Chang et al. 2019, eq. 11: Euler's step of an ODE whose Jacobian has eigenvalues near the imaginary axis."""
    a = p["A"] - p["A"].T - gamma * torch.eye(len(p["A"]), dtype=p["A"].dtype)
    h = state["h"] + epsilon * tanh(state["h"] @ a.T + linear(p, "V", x["x"]) + p["b"])
    return h, {"h": h}


@reference(*gates("i f g o"), "tau s r: hidden", inputs=("x: input", "t:"), states="h c: hidden", positive="tau r")
def phased_lstm(x, state, p, alpha=0.001):
    """Neil, Pfeiffer & Liu 2016, eq. 7-11, without peepholes: `t` is a step's time, τ period, s shift, r open share, α leak."""
    _, hat = lstm.step(x, state, p)
    phase = torch.remainder(column(x["t"]) - p["s"], p["tau"]) / p["tau"]
    up, down = 2 * phase / p["r"], 2 - 2 * phase / p["r"]
    k = torch.where(phase < p["r"] / 2, up, torch.where(phase < p["r"], down, alpha * phase))
    new = {name: k * hat[name] + (1 - k) * state[name] for name in ("h", "c")}
    return new["h"], new


@reference(
    *gates("z r n"),
    "V_z V_r V_n: hidden input",
    "w_gamma_x b_gamma_x x_mean: input",
    "W_gamma_h: hidden input",
    "b_gamma_h: hidden",
    inputs=("x: input", "m: input", "delta: input"),
    states=("h: hidden", "x_last: input"),
)
def gru_d(x, state, p):
    """Che et al. 2018, eq. 10-12: a GRU on inputs some of which are missing.

    `m` is 1 where x was observed, `delta` the time since it last was, `x_mean` its empirical mean (a constant of the data); the state
    x_last is the last observation. The decay of the input is diagonal, as there.
    """
    decay_x = torch.exp(-torch.relu(p["w_gamma_x"] * x["delta"] + p["b_gamma_x"]))
    decay_h = torch.exp(-torch.relu(linear(p, "W_gamma_h", x["delta"]) + p["b_gamma_h"]))
    filled = x["m"] * x["x"] + (1 - x["m"]) * (decay_x * state["x_last"] + (1 - decay_x) * p["x_mean"])
    h = decay_h * state["h"]

    def a(k, value):
        return affine(p, filled, value)(k) + linear(p, f"V_{k}", x["m"])

    z, r = sigmoid(a("z", h)), sigmoid(a("r", h))
    h_new = (1 - z) * h + z * tanh(a("n", r * h))
    return h_new, {"h": h_new, "x_last": x["m"] * x["x"] + (1 - x["m"]) * state["x_last"]}


@reference(*gates("z r n"), inputs=("x: input", "a:"))
def augru(x, state, p):
    """Zhou et al. 2019 (DIEN), eq. 2-5 and 15-16: the attention score `a` scales the update gate; r acts after its product."""
    h = state["h"]
    gate = affine(p, x["x"], h)
    z, r = column(x["a"]) * sigmoid(gate("z")), sigmoid(gate("r"))
    n = tanh(linear(p, "W_n", x["x"]) + r * linear(p, "U_n", h) + p["b_n"])
    h_new = (1 - z) * h + z * n
    return h_new, {"h": h_new}


@reference(
    *gates("0", units="units"),
    "W_1 W_2 W_a W_b: hidden units",
    "b_1 b_2 b_a b_b: hidden",
    inputs=("x: input", "dt:"),
    sizes={"units": 5},
)
def cfc(x, state, p):
    """Hasani et al. 2022, eq. 4, as CfCCell of the package ncps (mode "default", one backbone layer, LeCun's tanh).

    The backbone reads x by W_0 and h by U_0; heads 1 and 2 are the ends, a and b the slope and offset of the time gate.
    """
    backbone = 1.7159 * tanh(0.666 * affine(p, x["x"], state["h"])("0"))
    first, second, slope, offset = (linear(p, f"W_{k}", backbone) + p[f"b_{k}"] for k in "12ab")
    gate = sigmoid(slope * column(x["dt"]) + offset)
    h = tanh(first) * (1 - gate) + gate * tanh(second)
    return h, {"h": h}


def synapses(v, p, prefix):
    """Sums over the presynaptic neurons v (N, pre) of their conductances and of those times reversal potentials: (N, post) each.

    Parameters are (pre, post).
    """
    w, mu, sigma, erev = (p[f"{prefix}{name}"] for name in ("w", "mu", "sigma", "erev"))
    conductance = w * sigmoid(sigma * (v[:, :, None] - mu))
    return conductance.sum(1), (conductance * erev).sum(1)


@reference(
    "gleak vleak cm: hidden",
    "w mu sigma erev: hidden hidden",
    "sensory_w sensory_mu sensory_sigma sensory_erev: input hidden",
    "input_w input_b: input",
    "output_w output_b: hidden",
    states="v: hidden",
    positive="gleak cm w sensory_w",
)
def ltc(x, state, p, unfolds=6, epsilon=1e-8):
    """Hasani et al. 2021, as LTCCell of the package ncps, fully wired, with affine maps of input and output and elapsed time 1.

    A step is `unfolds` fused steps of the solver; ncps keeps gleak, cm, w and sensory_w from going below zero.
    """
    inputs = x["x"] * p["input_w"] + p["input_b"]
    sensory, sensory_reversal = synapses(inputs, p, "sensory_")
    capacity = p["cm"] * unfolds
    v = state["v"]
    for _ in range(unfolds):
        conductance, reversal = synapses(v, p, "")
        numerator = capacity * v + p["gleak"] * p["vleak"] + reversal + sensory_reversal
        v = numerator / (capacity + p["gleak"] + conductance + sensory + epsilon)
    return v * p["output_w"] + p["output_b"], {"v": v}


@reference("W: hidden input", "U: hidden hidden", "b: hidden")
def clockwork(x, state, p, modules=4):
    """Koutník et al. 2014, eq. 1-3: module i has the period 2^i, and reads modules as slow as itself or slower.

    Units are dealt to modules in order, in equal shares; steps are counted from 0, at which every module runs.
    """
    hidden = len(p["b"])
    module = torch.arange(hidden) * modules // hidden
    reads = module[:, None] <= module[None, :]
    fresh = tanh(linear(p, "W", x["x"]) + state["h"] @ (p["U"] * reads).T + p["b"])
    due = column(x["step"]) % 2**module == 0
    h = torch.where(due, fresh, state["h"])
    return h, {"h": h}


@reference("W: hidden input", "U: hidden hidden", "b: hidden")
def esn(x, state, p, leak=0.3):
    """Jaeger 2001 and 2007 (leaky): W, U and b are drawn once and stay; what is learned reads h."""
    fresh = tanh(linear(p, "W", x["x"]) + linear(p, "U", state["h"]) + p["b"])
    h = (1 - leak) * state["h"] + leak * fresh
    return h, {"h": h}


class Spike(torch.autograd.Function):
    """1 above 0, else 0, with the derivative 1 / (1 + slope |v|)²: Zenke & Ganguli 2018, SuperSpike."""

    @staticmethod
    def forward(ctx, v, slope):
        ctx.save_for_backward(v)
        ctx.slope = slope
        return (v > 0).to(v.dtype)

    @staticmethod
    def backward(ctx, cotangent):
        (v,) = ctx.saved_tensors
        return cotangent / (1 + ctx.slope * v.abs()) ** 2, None


@reference("W: hidden input", "V: hidden hidden", states="i v s: hidden")
def lif(x, state, p, alpha=0.9, beta=0.8, slope=10.0):
    """Neftci, Mostafa & Zenke 2019, eq. 5-7: current i, potential v, spikes s at the threshold 1, which s takes off v again."""
    i = alpha * state["i"] + linear(p, "W", x["x"]) + linear(p, "V", state["s"])
    v = beta * state["v"] + state["i"] - state["s"]
    s = Spike.apply(v - 1, slope)
    return s, {"i": i, "v": v, "s": s}
