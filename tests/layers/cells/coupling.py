"""Additive coupling with products and a reduction (as in Gomez, Ren, Urtasun & Grosse 2017), beside a loop that cannot be undone."""

from rnncc.spec import Cell, mean, tanh

cell = Cell("Coupling")
x = cell.input("x")
h, c, g = cell.state("h"), cell.state("c"), cell.state("g")

h_new = h + tanh(cell.weight("U", h, h) @ c + cell.weight("W", h, x) @ x)
c_new = c - mean(h_new) * tanh(cell.weight("V", h, h) @ h_new + cell.bias("b", h))
g_new = tanh(0.5 * g + h_new)

cell.next(h=h_new, c=c_new, g=g_new)
cell.output(g_new * c_new)
