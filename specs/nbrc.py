"""Neuromodulated bistable recurrent cell (Vecoven, Ernst & Drion 2021, "A bio-inspired bistable recurrent cell", arXiv:2006.05252).

`brc` whose gates a and c read the state of every unit. The paper has no biases.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("NBRC")
x = cell.input("x")
h = cell.state("h")

a = 1 + tanh(cell.weight("U_a", h, x) @ x + cell.weight("W_a", h, h) @ h)
c = sigmoid(cell.weight("U_c", h, x) @ x + cell.weight("W_c", h, h) @ h)
h_new = c * h + (1 - c) * tanh(cell.weight("U", h, x) @ x + a * h)

cell.next(h=h_new)
cell.output(h_new)
