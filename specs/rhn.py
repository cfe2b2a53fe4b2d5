"""Recurrent highway network (Zilly, Srivastava, Koutník & Schmidhuber 2017, arXiv:1607.03474, eq. 6-9).

`depth` highway layers in each step of time, each with a product of its own; the first alone reads x. The carry gate is coupled,
c = 1 - t, as in the paper's experiments.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("RHN")
x = cell.input("x")
s = cell.state("s")


def affine(k, level, v):
    a = cell.weight(f"R_{k}{level}", s, s) @ v + cell.bias(f"b_{k}{level}", s)
    return a + cell.weight(f"W_{k}", s, x) @ x if level == 0 else a


deep = s
for level in range(cell.option("depth", 3, least=1)):
    h = tanh(affine("h", level, deep))
    t = sigmoid(affine("t", level, deep))
    deep = h * t + deep * (1 - t)

cell.next(s=deep)
cell.output(deep)
