"""Gated recurrent unit, reset after the product (Cho et al. 2014, arXiv:1406.1078v1; the later versions reset before it).

The convention of PyTorch's nn.GRU, of cuDNN and of Keras with reset_after=True: the reset gate acts on U h + b_h, which needs a
bias of its own, and z = 1 keeps the state, h' = (1 - z) n + z h.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("ResetAfterGRU")
x = cell.input("x")
h = cell.state("h")


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


r = sigmoid(gate("r"))
z = sigmoid(gate("z"))
n = tanh(cell.weight("W_n", h, x) @ x + cell.bias("b_n", h) + r * (cell.weight("U_n", h, h) @ h + cell.bias("b_h", h)))
h_new = (1 - z) * n + z * h

cell.next(h=h_new)
cell.output(h_new)
