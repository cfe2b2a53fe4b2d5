"""Jordan network (Jordan 1986, "Serial order: a parallel distributed processing approach", ICS report 8604).

The recurrence goes through the output: h = φ(W x + U y + b), y' = ψ(V h + b_y), and only y is carried. The size of y is `out`, 1
unless given. φ and ψ are the options `phi` and `psi`, tanh unless given; Jordan's own units are sigmoids.
"""

from rnncc.spec import Cell, relu, sigmoid, tanh

cell = Cell("Jordan")
choices = {"tanh": tanh, "relu": relu, "sigmoid": sigmoid}
phi = choices[cell.option("phi", "tanh", choices=tuple(choices))]
psi = choices[cell.option("psi", "tanh", choices=tuple(choices))]

x = cell.input("x")
y = cell.state("y", cell.size("out", default=1))
hidden = cell.hidden

h = phi(cell.weight("W", hidden, x) @ x + cell.weight("U", hidden, y) @ y + cell.bias("b", hidden))
y_new = psi(cell.weight("V", y, h) @ h + cell.bias("b_y", y))

cell.next(y=y_new)
cell.output(y_new)
