"""Multiplicative LSTM (Krause, Lu, Murray & Renals 2016, arXiv:1609.07959, eq. 9-15).

Each input has recurrent weights of its own: the gates read m = (W_m x) (U_m h) in the place of h.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("MultiplicativeLSTM")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")
m = (cell.weight("W_m", h, x) @ x) * (cell.weight("U_m", h, h) @ h)


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ m + cell.bias(f"b_{k}", h)


i = sigmoid(gate("i"))
f = sigmoid(gate("f"))
g = tanh(gate("g"))
o = sigmoid(gate("o"))
c_new = f * c + i * g
h_new = o * tanh(c_new)

cell.next(h=h_new, c=c_new)
cell.output(h_new)
