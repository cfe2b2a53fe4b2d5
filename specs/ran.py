"""Recurrent additive network (Lee, Levy & Zettlemoyer 2017, arXiv:1705.07393, eq. 1).

The content W_c x is linear in the input, so that c is a weighted sum of inputs; the gates alone read h.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("RAN")
x = cell.input("x")
h, c = cell.state("h"), cell.state("c")


def gate(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


i = sigmoid(gate("i"))
f = sigmoid(gate("f"))
c_new = i * (cell.weight("W_c", c, x) @ x) + f * c
h_new = tanh(c_new)

cell.next(h=h_new, c=c_new)
cell.output(h_new)
