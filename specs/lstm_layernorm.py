"""LSTM with layer normalisation (Ba, Kiros & Hinton 2016, arXiv:1607.06450, eq. 20-22 of the supplement).

W x and U h are normalised apart, each over the pre-activations of all four gates together, with a gain each; one bias b serves both.
The cell state is normalised on its way to the output only. `lstm_layernorm_per_gate` has the other convention.
"""

from rnncc.spec import Cell, mean, sigmoid, sqrt, tanh

cell = Cell("LayerNormLSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")
eps = cell.constant("eps", 1e-5)


def jointly(i, f, g, o):
    """Four values less their common mean, over their common standard deviation."""
    shift = (mean(i) + mean(f) + mean(g) + mean(o)) / 4
    i, f, g, o = i - shift, f - shift, g - shift, o - shift
    scale = sqrt((mean(i**2) + mean(f**2) + mean(g**2) + mean(o**2)) / 4 + eps)
    return {"i": i / scale, "f": f / scale, "g": g / scale, "o": o / scale}


of_x = jointly(*(cell.weight(f"W_{k}", h, x) @ x for k in "ifgo"))
of_h = jointly(*(cell.weight(f"U_{k}", h, h) @ h for k in "ifgo"))


def gate(k):
    gain_x, gain_h = cell.vector(f"g_W{k}", h, init=1.0), cell.vector(f"g_U{k}", h, init=1.0)
    return gain_x * of_x[k] + gain_h * of_h[k] + cell.bias(f"b_{k}", h)


def norm(v, k):
    d = v - mean(v)
    return cell.vector(f"g_{k}", h, init=1.0) * d / sqrt(mean(d**2) + eps) + cell.bias(f"b_{k}", h, init="zeros")


i = sigmoid(gate("i"))
f = sigmoid(gate("f"))
g = tanh(gate("g"))
o = sigmoid(gate("o"))
c_new = f * c + i * g
h_new = o * tanh(norm(c_new, "c"))

cell.next(h=h_new, c=c_new)
cell.output(h_new)
