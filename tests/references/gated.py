"""Gated cells other than variants of the LSTM, in the order of the catalogue."""

from tests.references.reference import affine, gates, linear, reference, torch

functional = torch.nn.functional
sigmoid, tanh, relu = torch.sigmoid, torch.tanh, torch.relu


@reference(*gates("g c"))
def ugrnn(x, state, p):
    """Collins, Sohl-Dickstein & Sussillo 2017, eq. 8-10: g keeps."""
    a = affine(p, x["x"], state["h"])
    g = sigmoid(a("g"))
    h = g * state["h"] + (1 - g) * tanh(a("c"))
    return h, {"h": h}


@reference(*gates("f n"))
def mgu(x, state, p):
    """Zhou et al. 2016, eq. 7: one gate that resets and updates."""
    h = state["h"]
    f = sigmoid(affine(p, x["x"], h)("f"))
    n = tanh(affine(p, x["x"], f * h)("n"))
    h_new = (1 - f) * h + f * n
    return h_new, {"h": h_new}


@reference(*gates("s c"))
def janet(x, state, p, beta=1.0):
    """Van der Westhuizen & Lasenby 2018, eq. 7: a forget gate alone; h is the cell."""
    a = affine(p, x["x"], state["h"])
    s = a("s")
    h = sigmoid(s) * state["h"] + (1 - sigmoid(s - beta)) * tanh(a("c"))
    return h, {"h": h}


@reference(
    "W_z W_h: hidden input", "U_z U_h: hidden hidden", "g_z g_h b_z b_h mean_z mean_h var_z var_h: hidden", positive="var_z var_h"
)
def ligru(x, state, p, eps=1e-5, norm="layer"):
    """Ravanelli et al. 2018, eq. 8: W_z x and W_h x with layer norm, or with batch norm as it evaluates; gain g_k, bias b_k."""

    def normalised(v, k):
        if norm == "layer":
            return functional.layer_norm(v, v.shape[-1:], p[f"g_{k}"], p[f"b_{k}"], eps)
        given = p[f"mean_{k}"].detach(), p[f"var_{k}"].detach()
        return functional.batch_norm(v, *given, p[f"g_{k}"], p[f"b_{k}"], training=False, eps=eps)

    def a(k):
        return normalised(linear(p, f"W_{k}", x["x"]), k) + linear(p, f"U_{k}", state["h"])

    z = sigmoid(a("z"))
    h = z * state["h"] + (1 - z) * relu(a("h"))
    return h, {"h": h}


@reference("W_v: hidden input", "b_v: hidden", "U_u W_u: hidden hidden", "b_u: hidden")
def minimal_rnn(x, state, p):
    """Chen 2017, eq. 1-3: the input net v = tanh(W_v x + b_v), and u = σ(U_u h + W_u v + b_u)."""
    v = tanh(linear(p, "W_v", x["x"]) + p["b_v"])
    u = sigmoid(affine(p, v, state["h"])("u"))
    h = u * state["h"] + (1 - u) * v
    return h, {"h": h}


@reference(*gates("i f"), "W_c: hidden input", states="h c: hidden")
def ran(x, state, p):
    """Lee, Levy & Zettlemoyer 2017, eq. 1-5: the content W_c x is linear."""
    a = affine(p, x["x"], state["h"])
    c = sigmoid(a("i")) * linear(p, "W_c", x["x"]) + sigmoid(a("f")) * state["c"]
    h = tanh(c)
    return h, {"h": h, "c": c}


@reference(
    "B: context input",
    "P: hidden context",
    "A: hidden input",
    "R: hidden hidden",
    states=("s: context", "h: hidden"),
    output="hidden+context",
    sizes={"context": 3},
)
def scrn(x, state, p, alpha=0.95):
    """Mikolov et al. 2014, eq. 4-5: a slow context s beside h, both linear in x; the paper's softmax reads both."""
    s = (1 - alpha) * linear(p, "B", x["x"]) + alpha * state["s"]
    h = sigmoid(linear(p, "P", s) + linear(p, "A", x["x"]) + linear(p, "R", state["h"]))
    return torch.cat([h, s], -1), {"s": s, "h": h}


@reference("W: hidden input", "U: hidden hidden", "b_z b_n: hidden", "zeta nu:")
def fastgrnn(x, state, p):
    """Kusupati et al. 2018, eq. 4: gate and candidate share W and U; ζ and ν are scalars, squashed by σ as in EdgeML."""
    a = linear(p, "W", x["x"]) + linear(p, "U", state["h"])
    z, n = sigmoid(a + p["b_z"]), tanh(a + p["b_n"])
    h = (sigmoid(p["zeta"]) * (1 - z) + sigmoid(p["nu"])) * n + z * state["h"]
    return h, {"h": h}


@reference("W_z W_r W_n: hidden input", "U_r U_n: hidden hidden", "b_z b_r b_n: hidden")
def mut1(x, state, p):
    """Jozefowicz, Zaremba & Sutskever 2015, MUT1, with tanh(W_n x) for the paper's tanh(x)."""
    h = state["h"]
    z = sigmoid(linear(p, "W_z", x["x"]) + p["b_z"])
    r = sigmoid(affine(p, x["x"], h)("r"))
    n = tanh(linear(p, "U_n", r * h) + tanh(linear(p, "W_n", x["x"])) + p["b_n"])
    h_new = z * n + (1 - z) * h
    return h_new, {"h": h_new}


@reference(*gates("z r n"))
def mut2(x, state, p):
    """Jozefowicz, Zaremba & Sutskever 2015, MUT2, with W_r x for the paper's bare x in the reset gate."""
    h = state["h"]
    z = sigmoid(affine(p, x["x"], h)("z"))
    r = sigmoid(affine(p, x["x"], h)("r"))
    n = tanh(affine(p, x["x"], r * h)("n"))
    h_new = z * n + (1 - z) * h
    return h_new, {"h": h_new}


@reference(*gates("z r n"))
def mut3(x, state, p):
    """Jozefowicz, Zaremba & Sutskever 2015, MUT3: the update gate reads tanh(h)."""
    h = state["h"]
    z = sigmoid(affine(p, x["x"], tanh(h))("z"))
    r = sigmoid(affine(p, x["x"], h)("r"))
    n = tanh(affine(p, x["x"], r * h)("n"))
    h_new = z * n + (1 - z) * h
    return h_new, {"h": h_new}


@reference(*gates("0 1 2 3 4 5 6 7"), states="h c: hidden")
def nas(x, state, p):
    """Zoph & Le 2017, as NASCell of TensorFlow's contrib and addons has it: the fourth pair is multiplied, its bias with U h."""
    w = [linear(p, f"W_{k}", x["x"]) for k in range(8)]
    u = [linear(p, f"U_{k}", state["h"]) + p[f"b_{k}"] for k in range(8)]
    first = [
        sigmoid(w[0] + u[0]),
        relu(w[1] + u[1]),
        sigmoid(w[2] + u[2]),
        relu(w[3] * u[3]),
        tanh(w[4] + u[4]),
        sigmoid(w[5] + u[5]),
        tanh(w[6] + u[6]),
        sigmoid(w[7] + u[7]),
    ]
    injected = tanh(tanh(first[0] * first[1]) + state["c"])
    c = injected * tanh(first[2] + first[3])
    h = tanh(c * tanh(tanh(first[4] * first[5]) + sigmoid(first[6] + first[7])))
    return h, {"h": h, "c": c}


@reference(
    "W_h W_t: hidden input",
    "R_h0 R_h1 R_h2 R_t0 R_t1 R_t2: hidden hidden",
    "b_h0 b_h1 b_h2 b_t0 b_t1 b_t2: hidden",
    states="s: hidden",
)
def rhn(x, state, p, depth=3):
    """Zilly et al. 2017, eq. 7-9, with coupled gates c = 1 - t: x enters the first of `depth` highway layers."""
    s, v = state["s"], x["x"]
    for k in range(depth):
        a = linear(p, f"R_h{k}", s) + p[f"b_h{k}"] + (linear(p, "W_h", v) if k == 0 else 0)
        b = linear(p, f"R_t{k}", s) + p[f"b_t{k}"] + (linear(p, "W_t", v) if k == 0 else 0)
        t = sigmoid(b)
        s = tanh(a) * t + s * (1 - t)
    return s, {"s": s}


@reference("U_a U_c U: hidden input", "w_a w_c: hidden")
def brc(x, state, p):
    """Vecoven, Ernst & Drion 2021, eq. 3-5: a in (0, 2) is the neuron's own feedback; bistable where it is above 1."""
    h = state["h"]
    a = 1 + tanh(linear(p, "U_a", x["x"]) + p["w_a"] * h)
    c = sigmoid(linear(p, "U_c", x["x"]) + p["w_c"] * h)
    h_new = c * h + (1 - c) * tanh(linear(p, "U", x["x"]) + a * h)
    return h_new, {"h": h_new}


@reference("U_a U_c U: hidden input", "W_a W_c: hidden hidden")
def nbrc(x, state, p):
    """Vecoven, Ernst & Drion 2021, eq. 6-7: `brc` modulated by the other neurons."""
    h = state["h"]
    a = 1 + tanh(linear(p, "U_a", x["x"]) + linear(p, "W_a", h))
    c = sigmoid(linear(p, "U_c", x["x"]) + linear(p, "W_c", h))
    h_new = c * h + (1 - c) * tanh(linear(p, "U", x["x"]) + a * h)
    return h_new, {"h": h_new}
