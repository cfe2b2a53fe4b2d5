"""Structurally constrained recurrent network (Mikolov, Joulin, Chopra, Mathieu & Ranzato 2015, arXiv:1412.7753, eq. 4-6).

A slow state s of the size `context` (a leaky average of the input, α = 0.95) beside a fast one h. The paper's readout f(U h + V s)
reads both: the output is h and s joined, for a dense layer to follow.
"""

from rnncc.spec import Cell, concat, sigmoid

cell = Cell("SCRN")
x = cell.input("x")
h = cell.state("h")
s = cell.state("s", size=cell.size("context", default=40))
alpha = cell.constant("alpha", 0.95)

s_new = (1 - alpha) * (cell.weight("B", s, x) @ x) + alpha * s
h_new = sigmoid(cell.weight("P", h, s) @ s_new + cell.weight("A", h, x) @ x + cell.weight("R", h, h) @ h)

cell.next(h=h_new, s=s_new)
cell.output(concat(h_new, s_new))
