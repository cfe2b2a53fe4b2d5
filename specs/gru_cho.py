"""Gated recurrent unit as first published (Cho et al. 2014, arXiv:1406.1078v3, eq. 5-8).

The convention of that paper, of Keras with reset_after=False and of ONNX by default: the reset gate acts before the product, and
z = 1 keeps the state, h' = z h + (1 - z) n. `gru` has z the other way round.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("ChoGRU")
x = cell.input("x")
h = cell.state("h")


def affine(k, state):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ state + cell.bias(f"b_{k}", h)


z = sigmoid(affine("z", h))
r = sigmoid(affine("r", h))
n = tanh(affine("n", r * h))
h_new = z * h + (1 - z) * n

cell.next(h=h_new)
cell.output(h_new)
