"""Independently recurrent neural network (Li, Li, Cook, Zhu & Gao 2018, arXiv:1803.04831, eq. 2).

Each unit sees its own past alone: h' = φ(W x + u h + b), u a vector; layers above mix the units. φ is the option `phi`: relu, as in
the paper, or tanh.
"""

from rnncc.spec import Cell, relu, tanh

cell = Cell("IndRNN")
x = cell.input("x")
h = cell.state("h")
phi = {"relu": relu, "tanh": tanh}[cell.option("phi", "relu", choices=("relu", "tanh"))]

h_new = phi(cell.weight("W", h, x) @ x + cell.vector("u", h) * h + cell.bias("b", h))

cell.next(h=h_new)
cell.output(h_new)
