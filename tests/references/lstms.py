"""Variants of the LSTM, in the order of the catalogue."""

from tests.references.core import lstm
from tests.references.reference import affine, gates, linear, reference, torch

functional = torch.nn.functional
sigmoid, tanh = torch.sigmoid, torch.tanh


@reference(*gates("i g o"), states="h c: hidden")
def lstm_no_forget(x, state, p):
    """Hochreiter & Schmidhuber 1997, with one unit a memory block: nothing is forgotten."""
    a = affine(p, x["x"], state["h"])
    c = state["c"] + sigmoid(a("i")) * tanh(a("g"))
    h = sigmoid(a("o")) * tanh(c)
    return h, {"h": h, "c": c}


@reference(*gates("i g o"), states="h c: hidden")
def cifg(x, state, p):
    """Greff et al. 2015, "CIFG", without peepholes: what is not written is kept."""
    a = affine(p, x["x"], state["h"])
    i = sigmoid(a("i"))
    c = (1 - i) * state["c"] + i * tanh(a("g"))
    h = sigmoid(a("o")) * tanh(c)
    return h, {"h": h, "c": c}


@reference(*gates("i f g o", state="proj"), "W_p: proj hidden", states=("r: proj", "c: hidden"), output="proj", sizes={"proj": 3})
def lstm_projected(x, state, p):
    """Sak, Senior & Beaufays 2014, without peepholes and with the recurrent projection alone: PyTorch's proj_size."""
    a = affine(p, x["x"], state["r"])
    c = sigmoid(a("f")) * state["c"] + sigmoid(a("i")) * tanh(a("g"))
    r = linear(p, "W_p", sigmoid(a("o")) * tanh(c))
    return r, {"r": r, "c": c}


GATES = ["i", "f", "g", "o"]
"""As they follow one another in PyTorch's nn.LSTM."""


@reference(*gates("i f g o"), "g_Wi g_Wf g_Wg g_Wo g_Ui g_Uf g_Ug g_Uo: hidden", "g_c b_c: hidden", states="h c: hidden")
def lstm_layernorm(x, state, p, eps=1e-5):
    """Ba, Kiros & Hinton 2016, eq. 20-22: one norm over the 4H numbers of W x, one over those of U h, one over the new cell.

    The gains of the first two are `g_Wk`, `g_Uk` for each gate k; what the paper adds in either norm is in b_k. The cell itself is
    carried unnormalised.
    """

    def jointly(letter, value):
        stacked = value @ torch.cat([p[f"{letter}_{k}"] for k in GATES]).T
        gain = torch.cat([p[f"g_{letter}{k}"] for k in GATES])
        return functional.layer_norm(stacked, stacked.shape[-1:], gain, eps=eps)

    bias = torch.cat([p[f"b_{k}"] for k in GATES])
    i, f, g, o = (jointly("W", x["x"]) + jointly("U", state["h"]) + bias).chunk(4, -1)
    c = sigmoid(f) * state["c"] + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(functional.layer_norm(c, c.shape[-1:], p["g_c"], p["b_c"], eps))
    return h, {"h": h, "c": c}


@reference(*gates("i f g o"), "g_i g_f g_g g_o: hidden", "g_c b_c: hidden", states="h c: hidden")
def lstm_layernorm_per_gate(x, state, p, eps=1e-12, forget_bias=1.0):
    """LayerNormBasicLSTMCell of TensorFlow's contrib: a norm over each gate's W x + U h, gain and bias after it.

    The cell is carried normalised. `forget_bias` can as well be put into b_f.
    """

    def norm(value, k):
        return functional.layer_norm(value, value.shape[-1:], p[f"g_{k}"], p[f"b_{k}"], eps)

    i, f, g, o = (norm(linear(p, f"W_{k}", x["x"]) + linear(p, f"U_{k}", state["h"]), k) for k in GATES)
    c = norm(sigmoid(f + forget_bias) * state["c"] + sigmoid(i) * tanh(g), "c")
    h = sigmoid(o) * tanh(c)
    return h, {"h": h, "c": c}


@reference(*gates("i f g o"), states="h c: hidden", masks=("m_h m_c: hidden",))
def lstm_zoneout(x, state, p, m_h=None, m_c=None, zoneout_h=0.05, zoneout_c=0.5):
    """Krueger et al. 2017, eq. 3-4: where a mask (N, hidden) is 1 the old value stays; without masks their expectations stand in."""
    _, hat = lstm.step(x, state, p)
    m_h = zoneout_h if m_h is None else m_h
    m_c = zoneout_c if m_c is None else m_c
    c = m_c * state["c"] + (1 - m_c) * hat["c"]
    h = m_h * state["h"] + (1 - m_h) * hat["h"]
    return h, {"h": h, "c": c}


def dropped(value, mask, rate):
    """Inverted dropout: 0 where `mask` is 1, the rest larger by 1/(1 - rate); without a mask `value` itself."""
    return value if mask is None else value * (1 - mask) / (1 - rate)


@reference(*gates("i f g o"), states="h c: hidden", masks=("m: hidden",))
def lstm_recurrent_dropout(x, state, p, m=None, rate=0.25):
    """Semeniuta, Severyn & Barth 2016, eq. 14: what is written into the cell is dropped where `m` (N, hidden) is 1, at `rate`."""
    a = affine(p, x["x"], state["h"])
    c = sigmoid(a("f")) * state["c"] + sigmoid(a("i")) * dropped(tanh(a("g")), m, rate)
    h = sigmoid(a("o")) * tanh(c)
    return h, {"h": h, "c": c}


@reference(*gates("i f g o"), states="h c: hidden", masks=("m_x: input", "m_h: hidden"))
def lstm_variational(x, state, p, m_x=None, m_h=None, rate_x=0.35, rate_h=0.25):
    """Gal & Ghahramani 2016, eq. 7 (tied weights): x and h as the gates read them, dropped where a mask is 1.

    `m_x` (N, input) and `m_h` (N, hidden) stay for a whole sequence.
    """
    return lstm.step({"x": dropped(x["x"], m_x, rate_x)}, {"h": dropped(state["h"], m_h, rate_h), "c": state["c"]}, p)


def with_gates(gate, x, state, p):
    """An LSTM whose i, f, o are squashed by `gate`."""
    a = affine(p, x, state["h"])
    c = gate(a("f")) * state["c"] + gate(a("i")) * tanh(a("g"))
    h = gate(a("o")) * tanh(c)
    return h, {"h": h, "c": c}


@reference(*gates("i f g o"), states="h c: hidden")
def lstm_hard(x, state, p):
    """Keras 2: hard_sigmoid(v) = clamp(0.2 v + 0.5, 0, 1)."""
    return with_gates(lambda v: torch.clamp(0.2 * v + 0.5, 0, 1), x["x"], state, p)


@reference(*gates("i f g o"), states="h c: hidden")
def lstm_hard6(x, state, p):
    """Keras 3: relu6(v + 3) / 6. PyTorch's hardsigmoid is the same, but for a derivative of 1/6 in float32."""
    return with_gates(lambda v: functional.relu6(v + 3) / 6, x["x"], state, p)


@reference(*gates("i f g o"), "W_m: hidden input", "U_m: hidden hidden", states="h c: hidden")
def mlstm_multiplicative(x, state, p):
    """Krause et al. 2016, eq. 18-22: an LSTM on x and m = (W_m x)(U_m h)."""
    m = linear(p, "W_m", x["x"]) * linear(p, "U_m", state["h"])
    _, new = lstm.step(x, {"h": m, "c": state["c"]}, p)
    return new["h"], new


@reference(*gates("i f g o"), "Q_1 Q_3 Q_5: input hidden", "R_2 R_4: hidden input", states="h c: hidden")
def mogrifier(x, state, p, rounds=5):
    """Melis, Kočiský & Blunsom 2020, eq. 1-2: odd rounds gate x by h, even rounds h by x; then an LSTM."""
    v, h = x["x"], state["h"]
    for k in range(1, rounds + 1):
        if k % 2:
            v = 2 * sigmoid(linear(p, f"Q_{k}", h)) * v
        else:
            h = 2 * sigmoid(linear(p, f"R_{k}", v)) * h
    return lstm.step({"x": v}, {"h": h, "c": state["c"]}, p)


@reference(
    *gates("i f g o"),
    "C_i C_f C_g C_o: hidden memory",
    "W_a: attention hidden",
    "U_a: attention memory",
    "v_a: attention",
    states="h c: hidden",
    memory=("m: S memory",),
    sizes={"memory": 3, "attention": 4},
)
def lstm_attention(x, state, p):
    """Bahdanau, Cho & Bengio 2015, appendix A.1.2 and A.2.2, with an LSTM: attention by the previous h over the rows of `m`.

    `m` is (N, S, memory); `m_lengths` (N,), where given, says how many of a sample's rows count, of none the context is zero. The gates
    read the context by C_k.
    """
    m = x["m"]
    scores = tanh(linear(p, "W_a", state["h"])[:, None] + m @ p["U_a"].T) @ p["v_a"]
    lengths = x.get("m_lengths", torch.full(m.shape[:1], m.shape[1]))
    rows = torch.arange(m.shape[1]) < lengths[:, None]
    weights = torch.softmax(scores.masked_fill(~rows, -1e9), -1) * rows
    context = (weights[..., None] * m).sum(1)
    a = affine(p, x["x"], state["h"])
    i, f, g, o = (a(k) + linear(p, f"C_{k}", context) for k in GATES)
    c = sigmoid(f) * state["c"] + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(c)
    return h, {"h": h, "c": c}
