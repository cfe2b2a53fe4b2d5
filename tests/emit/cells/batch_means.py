"""Means over a batch: of a vector, of one number a sample, of another mean; read before, in and after the loop."""

from rnncc.spec import Cell, sqrt, tanh

cell = Cell("BatchMeans")
x, dt = cell.input("x"), cell.input("dt", size=1)
h = cell.state("h")

v = tanh(cell.weight("W", h, x) @ x)
m = cell.batch_mean("m", v)
r = cell.batch_mean("r", dt**2, init=1.0)
d = v - m
s = cell.batch_mean("s", d**2 + dt * m)
a = cell.weight("V", h, h) @ d + cell.weight("P", h, h) @ m
h_new = tanh(a / sqrt(r + s**2 + 1) + cell.weight("U", h, h) @ h + cell.weight("Q", h, x) @ x)
y = h_new * (1 + s) - v + m

cell.next(h=h_new)
cell.output(y)
