"""LSTM with layer normalisation (Ba, Kiros & Hinton 2016, eq. 20-22): reductions inside and outside the loop."""

from rnncc.spec import Cell, mean, sigmoid, sqrt, tanh

cell = Cell("LayerNormLSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")


def norm(z, k):
    d = z - mean(z)
    return d / sqrt(mean(d**2) + 1e-5) * cell.vector(f"g_{k}", h)


def gate(k):
    return norm(cell.weight(f"W_{k}", h, x) @ x, f"W{k}") + norm(cell.weight(f"U_{k}", h, h) @ h, f"U{k}") + cell.bias(f"b_{k}", h)


i, f, o = sigmoid(gate("i")), sigmoid(gate("f")), sigmoid(gate("o"))
g = tanh(gate("g"))
c_new = f * c + i * g
h_new = o * tanh(norm(c_new, "c") + cell.bias("b_c", h))

cell.next(h=h_new, c=c_new)
cell.output(h_new)
