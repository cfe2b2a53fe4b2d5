"""LSTM with hard gates of slope 1/6 (the "hard_sigmoid" of Keras 3, of PyTorch's nn.Hardsigmoid; Howard et al. 2019 for the function).

hard_sigmoid(v) = relu6(v + 3) / 6; Keras 2 has another one (`lstm_hard`).
"""

from rnncc.spec import Cell, clamp, tanh

cell = Cell("Hard6LSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")


def hard_sigmoid(v):
    return clamp(v + 3, 0, 6) / 6


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


i = hard_sigmoid(gate("i"))
f = hard_sigmoid(gate("f"))
g = tanh(gate("g"))
o = hard_sigmoid(gate("o"))
c_new = f * c + i * g
h_new = o * tanh(c_new)

cell.next(h=h_new, c=c_new)
cell.output(h_new)
