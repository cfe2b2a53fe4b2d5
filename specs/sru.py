"""Simple recurrent unit (Lei, Zhang, Wang, Dai & Artzi 2018, arXiv:1709.02755v5, eq. 1-4).

All products are of x, so that a step is elementwise. The paper's highway connection takes x as it is, which needs inputs of the size
of the state; the authors' package (version 2) projects it by a fourth matrix where sizes differ, and so does this cell, always:
W_x, which begins as the identity. Without the package's rescaling of the highway connection.
"""

from rnncc.spec import Cell, sigmoid

cell = Cell("SRU")
x = cell.input("x")
c = cell.state("c")


def gate(k):
    return sigmoid(cell.weight(f"W_{k}", c, x) @ x + cell.vector(f"v_{k}", c) * c + cell.bias(f"b_{k}", c))


f = gate("f")
r = gate("r")
c_new = f * c + (1 - f) * (cell.weight("W", c, x) @ x)
h = r * c_new + (1 - r) * (cell.weight("W_x", c, x, init="identity") @ x)

cell.next(c=c_new)
cell.output(h)
