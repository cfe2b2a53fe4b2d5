"""Minimal gated unit (Zhou, Wu, Zhang & Zhou 2016, arXiv:1603.09420, eq. 11-13).

A GRU whose one gate f both resets and updates; f = 1 takes the candidate.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("MGU")
x = cell.input("x")
h = cell.state("h")


def affine(k, state):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ state + cell.bias(f"b_{k}", h)


f = sigmoid(affine("f", h))
n = tanh(affine("n", f * h))
h_new = (1 - f) * h + f * n

cell.next(h=h_new)
cell.output(h_new)
