"""A cell with masks of every kind: zoneout, dropout of the input and of the state once a sequence."""

from rnncc.spec import Cell, tanh

cell = Cell("Masked")
x = cell.input("x")
h = cell.state("h")
dropped = cell.constant("dropped", 0.25)
m = cell.mask("m", h, 0.4)
s = cell.mask("s", x, dropped, per="sequence")
q = cell.mask("q", h, dropped, per="sequence")

W = cell.weight("W", h, x)
U = cell.weight("U", h, h)
b = cell.bias("b", h)

x_in = x * (1 - s) / (1 - dropped)
scale = (1 - q) / (1 - dropped)
h_hat = tanh(W @ x_in + U @ (scale * h) + b)
h_new = m * h + (1 - m) * h_hat

cell.next(h=h_new)
cell.output(h_new)
