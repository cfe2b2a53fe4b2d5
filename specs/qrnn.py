"""Quasi-recurrent neural network (Bradbury, Merity, Xiong & Socher 2016, arXiv:1611.01576, eq. 1-5, fo-pooling).

Candidate and gates are a causal convolution of the input over `window` steps, zero before the first; the recurrence alone is
elementwise, and linear in c. The earlier inputs are states x_1, x_2 … A row of weights is laid out with the current input first.
"""

from rnncc.spec import Cell, concat, sigmoid, tanh

cell = Cell("QRNN")
x = cell.input("x")
c = cell.state("c")
earlier = [cell.state(f"x_{k}", size=x) for k in range(1, cell.option("window", 2, least=1))]
seen = concat(x, *earlier) if earlier else x


def convolution(k):
    return cell.weight(f"W_{k}", c, seen) @ seen + cell.bias(f"b_{k}", c)


z = tanh(convolution("z"))
f = sigmoid(convolution("f"))
o = sigmoid(convolution("o"))
c_new = f * c + (1 - f) * z
h = o * c_new

cell.next(c=c_new, **{f"x_{k}": v for k, v in enumerate([x, *earlier][:-1], 1)})
cell.output(h)
