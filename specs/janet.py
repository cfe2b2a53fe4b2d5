"""Just another network: an LSTM with nothing but a forget gate (van der Westhuizen & Lasenby 2018, arXiv:1804.04849, eq. 7).

What is forgotten is replaced a little less: the input side is gated by 1 - σ(s - β), with β = 1 as in the paper. Its c is h here.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("JANET")
x = cell.input("x")
h = cell.state("h")
beta = cell.constant("beta", 1.0)


def affine(k):
    return cell.weight(f"W_{k}", h, x) @ x + cell.weight(f"U_{k}", h, h) @ h + cell.bias(f"b_{k}", h)


s = affine("s")
n = tanh(affine("c"))
h_new = sigmoid(s) * h + (1 - sigmoid(s - beta)) * n

cell.next(h=h_new)
cell.output(h_new)
