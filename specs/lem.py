"""Long expressive memory (Rusch, Mishra, Erichson & Mahoney 2022, arXiv:2110.04744, eq. 3).

Two time scales, learned and for each unit: Δ1 for z, Δ2 for y, at most Δ each. y moves towards what the new z says. The authors'
code has the two gates in the other order in its packed weights.
"""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("LEM")
x = cell.input("x")
y, z = cell.state("y"), cell.state("z")
dt = cell.constant("dt", 1.0)


def affine(k, state):
    return cell.weight(f"W_{k}", y, x) @ x + cell.weight(f"U_{k}", y, y) @ state + cell.bias(f"b_{k}", y)


d1 = dt * sigmoid(affine("1", y))
d2 = dt * sigmoid(affine("2", y))
z_new = (1 - d1) * z + d1 * tanh(affine("z", y))
y_new = (1 - d2) * y + d2 * tanh(affine("y", z_new))

cell.next(y=y_new, z=z_new)
cell.output(y_new)
