"""LSTM with one layer normalisation a gate (LayerNormBasicLSTMCell of TensorFlow 1's contrib, after Ba et al. 2016, arXiv:1607.06450).

Each gate's W x + U h is normalised as a whole over its units, with gain and shift. The cell state is normalised before it is
carried on, so that c is the normalised one; Ba et al. carry the raw state (`lstm_layernorm`). `forget_bias` is added to f's
pre-activation behind its norm. TensorFlow's own eps is 1e-12.
"""

from rnncc.spec import Cell, mean, sigmoid, sqrt, tanh

cell = Cell("PerGateLayerNormLSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")
eps = cell.constant("eps", 1e-12)
forget_bias = cell.constant("forget_bias", 1.0)


def norm(v, k):
    d = v - mean(v)
    return cell.vector(f"g_{k}", h, init=1.0) * d / sqrt(mean(d**2) + eps) + cell.bias(f"b_{k}", h, init="zeros")


def gate(k):
    return norm(cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h, k)


i = sigmoid(gate("i"))
f = sigmoid(gate("f") + forget_bias)
g = tanh(gate("g"))
o = sigmoid(gate("o"))
c_new = norm(f * c + i * g, "c")
h_new = o * tanh(c_new)

cell.next(h=h_new, c=c_new)
cell.output(h_new)
