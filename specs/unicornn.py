"""UnICORNN, undamped independent controlled oscillators (Rusch & Mishra 2021, arXiv:2103.05487, eq. 4).

A Hamiltonian system, discretised so that a step can be undone: z' from y and z, then y' from y and z'. Units are independent, each
with a learned step Δ σ(c), where the paper's ½ + ½ tanh(c/2) is σ(c). Δ and α are constants that the paper tunes for each task.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("UnICORNN")
x = cell.input("x")
y, z = cell.state("y"), cell.state("z")
dt = cell.constant("dt", 0.1)
alpha = cell.constant("alpha", 1.0)

rate = dt * sigmoid(cell.vector("c", y))
force = tanh(cell.vector("w", y) * y + cell.weight("V", y, x) @ x + cell.bias("b", y)) + alpha * y
z_new = z - rate * force
y_new = y + rate * z_new

cell.next(y=y_new, z=z_new)
cell.output(y_new)
