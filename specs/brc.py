"""Bistable recurrent cell (Vecoven, Ernst & Drion 2021, "A bio-inspired bistable recurrent cell", arXiv:2006.05252, eq. 4-6).

Each unit remembers by itself, bistable where a > 1: nothing but x crosses units, so a step has no product of the state. `nbrc` is
the one whose gates read every unit. The paper has no biases.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("BRC")
x = cell.input("x")
h = cell.state("h")

a = 1 + tanh(cell.weight("U_a", h, x) @ x + cell.vector("w_a", h) * h)
c = sigmoid(cell.weight("U_c", h, x) @ x + cell.vector("w_c", h) * h)
h_new = c * h + (1 - c) * tanh(cell.weight("U", h, x) @ x + a * h)

cell.next(h=h_new)
cell.output(h_new)
