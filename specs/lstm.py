"""Long short-term memory with a forget gate (Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000).

The convention of PyTorch's nn.LSTM and of cuDNN: every gate reads x and h, and none reads c.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("LSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


i = sigmoid(gate("i"))
f = sigmoid(gate("f"))
g = tanh(gate("g"))
o = sigmoid(gate("o"))
c_new = f * c + i * g
h_new = o * tanh(c_new)

cell.next(h=h_new, c=c_new)
cell.output(h_new)
