"""FastGRNN (Kusupati et al. 2018, arXiv:1901.02358, section 3.2).

Gate and candidate share W and U and differ in their biases; ζ and ν are learned, and σ keeps them between 0 and 1. They and the
biases begin as in the authors' code. The low-rank, sparse and quantised forms of W and U are other matters.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("FastGRNN")
x = cell.input("x")
h = cell.state("h")
zeta = cell.scalar("zeta", init=1.0)
nu = cell.scalar("nu", init=-4.0)

a = cell.weight("W", h, x) @ x + cell.weight("U", h, h) @ h
z = sigmoid(a + cell.bias("b_z", h, init=1.0))
n = tanh(a + cell.bias("b_n", h, init=1.0))
h_new = (sigmoid(zeta) * (1 - z) + sigmoid(nu)) * n + z * h

cell.next(h=h_new)
cell.output(h_new)
