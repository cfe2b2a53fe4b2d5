"""A leaky cell with all that a layer has to pass on: a second input, a size, a constant, a frozen matrix, a start that is not zero."""

from rnncc.spec import Cell, tanh

cell = Cell("Mixed")
x = cell.input("x")
u = cell.input("u", size=cell.size("control", default=2))
h = cell.state("h", initial=0.5)
proj = cell.size("proj", default=3)
alpha = cell.constant("alpha", 0.5)

W = cell.weight("W", h, x)
V = cell.weight("V", h, u)
R = cell.weight("R", h, h, init="orthogonal", frozen=True)
b = cell.bias("b", h)
P = cell.weight("P", proj, h)

n = tanh(W @ x + V @ u + R @ h + b)
h_new = (1 - alpha) * h + alpha * n
y = P @ h_new

cell.next(h=h_new)
cell.output(y)
