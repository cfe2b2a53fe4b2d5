"""Gated recurrent unit (Chung, Gülçehre, Cho & Bengio 2014, arXiv:1412.3555, section 3.2).

The convention of that paper and of most lectures: the reset gate acts before the product, and z = 1 takes the candidate,
h' = (1 - z) h + z n. Cho's paper has z the other way round (`gru_cho`); PyTorch and cuDNN reset after the product (`gru_reset_after`).
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("GRU")
x = cell.input("x")
h = cell.state("h")


def affine(k, state):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ state + cell.bias(f"b_{k}", h)


z = sigmoid(affine("z", h))
r = sigmoid(affine("r", h))
n = tanh(affine("n", r * h))
h_new = (1 - z) * h + z * n

cell.next(h=h_new)
cell.output(h_new)
