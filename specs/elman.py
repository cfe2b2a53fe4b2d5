"""Elman network (Elman 1990, "Finding structure in time", Cognitive Science 14).

h' = φ(W x + U h + b); φ is the option `phi`: tanh (as in PyTorch), relu or sigmoid (Elman's own).
"""

from rnncc.spec import Cell, relu, sigmoid, tanh

cell = Cell("Elman")
x = cell.input("x")
h = cell.state("h")
phi = {"tanh": tanh, "relu": relu, "sigmoid": sigmoid}[cell.option("phi", "tanh", choices=("tanh", "relu", "sigmoid"))]

h_new = phi(cell.weight("W", h, x) @ x + cell.weight("U", h, h) @ h + cell.bias("b", h))

cell.next(h=h_new)
cell.output(h_new)
